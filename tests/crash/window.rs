//! The windows in which a process is killed, and how each is found on the wire or in the sandbox.

use std::collections::HashSet;
use std::time::Duration;

use ml_connector::stand::tap::{Meant, Message, Side, Way};
use proto::{Message as _, Outcome};
use sandbox::generate::dice::Dice;

pub(crate) const INGESTOR: &str = "ingestor-commerce";
pub(crate) const MAPPER: &str = "mapper";
pub(crate) const WRITER: &str = "writer-visma";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entity {
    /// A customer who is created.
    Customer,
    Invoice,
    /// A credit memo.
    CreditNote,
    /// The invoice of an order that is cancelled: it is deleted.
    Cancellation,
    /// The cancelled rest of an order of which a part was invoiced, and refunded or not: a credit note.
    Rest,
    /// A customer who is changed.
    Edit,
}

/// Fate of a request in Visma whose client was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vendor {
    /// It goes on and commits, before the service is back.
    GoesOn,
    /// It goes on and commits while the service that came back is looking for the document, and has not found it once.
    GoesOnLate,
    /// It does nothing.
    GivesUp,
}

/// Where a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// Writer: the intent was made and never left.
    BeforeIntent(Entity),
    /// Writer: some entries of a batch are out, and the batch is not committed.
    WithinBatch,
    /// Writer: the intent is on disk, and the writer does not know, so nothing was sent.
    IntentToSend(Entity),
    /// Writer: the request is at Visma, and nothing is done.
    SendToCommit(Entity, Vendor),
    /// Writer: Visma has written the document, and has not answered.
    CommitToAnswer(Entity),
    /// Writer: Visma has answered, and the outcome never left.
    AnswerToOutcome(Entity),
    /// Writer: the outcome is on disk, and the writer does not know.
    OutcomeToKnown(Entity),
    /// Writer: the writer knows that the outcome is on disk, and its acknowledgement never left.
    OutcomeToAck(Entity),
    /// Mapper: the change was taken, and its command never left. For an invoice, its customer's command may be out.
    ChangeToCommand(Entity),
    /// Mapper: the command is on disk, and the mapper does not know.
    CommandToKnown(Entity),
    /// Mapper: the commands are on disk, and the acknowledgement of the change never left.
    CommandToAck,
    /// Ingestor: the order was read, and its change never left.
    ReadToChange,
    /// Ingestor: the change is on disk, and the ingestor does not know.
    ChangeToKnown,
    /// Ingestor: the changes are on disk, and the cursor has not moved.
    ChangeToCursor,
    /// So long after orders were placed, wherever that is.
    Anywhere(&'static str, Duration),
}

/// How a window is found.
pub(crate) enum Place {
    Wire(Side, Meant),
    /// At a call, by its method and path.
    Visma {
        point: &'static str,
        call: (&'static str, &'static str),
        vendor: Vendor,
    },
    Time(Duration),
}

use Entity::{Cancellation, CreditNote, Customer, Edit, Invoice, Rest};

/// The create path, invoices and customers.
pub(crate) fn of_the_writer(batch_from: u64) -> Vec<Window> {
    let mut windows = vec![
        Window::BeforeIntent(Invoice),
        Window::IntentToSend(Invoice),
        Window::SendToCommit(Invoice, Vendor::GoesOn),
        Window::SendToCommit(Invoice, Vendor::GoesOnLate),
        Window::SendToCommit(Invoice, Vendor::GivesUp),
        Window::CommitToAnswer(Invoice),
        Window::AnswerToOutcome(Invoice),
        Window::OutcomeToKnown(Invoice),
        Window::OutcomeToAck(Invoice),
        Window::SendToCommit(Customer, Vendor::GoesOn),
        Window::CommitToAnswer(Customer),
    ];
    if batch_from == 2 {
        windows.push(Window::WithinBatch);
    }
    windows
}

/// Returns the windows of what the writer does besides creating invoices and customers.
pub(crate) fn of_later_documents() -> Vec<Window> {
    let mut windows = vec![Window::BeforeIntent(CreditNote), Window::IntentToSend(CreditNote)];
    for entity in [CreditNote, Cancellation, Edit] {
        windows.extend([
            Window::SendToCommit(entity, Vendor::GoesOn),
            Window::SendToCommit(entity, Vendor::GivesUp),
            Window::CommitToAnswer(entity),
            Window::AnswerToOutcome(entity),
            Window::OutcomeToKnown(entity),
            Window::OutcomeToAck(entity),
        ]);
    }
    windows.extend([
        Window::BeforeIntent(Rest),
        Window::SendToCommit(Rest, Vendor::GoesOn),
        Window::SendToCommit(Rest, Vendor::GivesUp),
        Window::AnswerToOutcome(Rest),
        Window::OutcomeToAck(Rest),
    ]);
    windows
}

pub(crate) fn of_the_mapper() -> Vec<Window> {
    vec![
        Window::ChangeToCommand(Customer),
        Window::ChangeToCommand(Invoice),
        Window::CommandToKnown(Customer),
        Window::CommandToKnown(Invoice),
        Window::CommandToAck,
    ]
}

pub(crate) fn of_the_ingestor() -> Vec<Window> {
    vec![Window::ReadToChange, Window::ChangeToKnown, Window::ChangeToCursor]
}

/// Any window; the writer's are drawn most, since what it does cannot be taken back.
pub(crate) fn drawn(dice: &mut Dice, batch_from: u64) -> Window {
    let from = match dice.below(20) {
        0..=8 => of_the_writer(batch_from),
        9..=12 => of_later_documents(),
        13 => [Window::BeforeIntent, Window::IntentToSend, Window::AnswerToOutcome, Window::OutcomeToAck]
            .map(|window| window(Customer))
            .into(),
        14 | 15 => of_the_mapper(),
        16 => of_the_ingestor(),
        _ => {
            let after = Duration::from_millis(dice.below(1_501));
            return Window::Anywhere(dice.pick(&[WRITER, WRITER, MAPPER, INGESTOR]), after);
        }
    };
    from[dice.below(from.len() as u64) as usize]
}

impl Entity {
    /// Checks whether it is about something that stands in Visma already.
    pub(crate) fn is_later(self) -> bool {
        match self {
            Customer | Invoice => false,
            CreditNote | Cancellation | Rest | Edit => true,
        }
    }
}

impl Window {
    /// Documents that come there at once.
    pub(crate) fn documents(self) -> u64 {
        if self.entity().is_some_and(Entity::is_later) { 1 } else { 3 }
    }

    /// Whom to kill.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::BeforeIntent(_)
            | Self::WithinBatch
            | Self::IntentToSend(_)
            | Self::SendToCommit(..)
            | Self::CommitToAnswer(_)
            | Self::AnswerToOutcome(_)
            | Self::OutcomeToKnown(_)
            | Self::OutcomeToAck(_) => WRITER,
            Self::ChangeToCommand(_) | Self::CommandToKnown(_) | Self::CommandToAck => MAPPER,
            Self::ReadToChange | Self::ChangeToKnown | Self::ChangeToCursor => INGESTOR,
            Self::Anywhere(service, _) => service,
        }
    }

    /// Names what must come for the window to be reached. Where it names nothing, an order must come.
    pub(crate) fn entity(self) -> Option<Entity> {
        match self {
            Self::BeforeIntent(entity)
            | Self::IntentToSend(entity)
            | Self::SendToCommit(entity, _)
            | Self::CommitToAnswer(entity)
            | Self::AnswerToOutcome(entity)
            | Self::OutcomeToKnown(entity)
            | Self::OutcomeToAck(entity)
            | Self::ChangeToCommand(entity)
            | Self::CommandToKnown(entity) => Some(entity),
            Self::WithinBatch
            | Self::CommandToAck
            | Self::ReadToChange
            | Self::ChangeToKnown
            | Self::ChangeToCursor
            | Self::Anywhere(..) => None,
        }
    }

    /// Where the `nth` document's window is.
    pub(crate) fn place(self, nth: u64) -> Place {
        let wire = |side, meant: Meant| Place::Wire(side, counted(nth, meant));
        match self {
            Self::BeforeIntent(entity) => wire(Side::Before, Box::new(move |m| entry(m, entity, "intent"))),
            Self::WithinBatch => wire(Side::After, Box::new(|m| published(m, "outcome.main.visma.") && !is_whole(m))),
            Self::IntentToSend(entity) => stored(nth, "outcome.", move |m| entry(m, entity, "intent")),
            Self::SendToCommit(entity, vendor) => Place::Visma { point: "before_commit", call: call(entity), vendor },
            Self::CommitToAnswer(entity) => {
                Place::Visma { point: "after_commit", call: call(entity), vendor: Vendor::GoesOn }
            }
            Self::AnswerToOutcome(entity) => wire(Side::Before, Box::new(move |m| entry(m, entity, "applied"))),
            Self::OutcomeToKnown(entity) => stored(nth, "outcome.", move |m| entry(m, entity, "applied")),
            Self::OutcomeToAck(entity) => wire(Side::Before, Box::new(acknowledged(commands(entity)))),
            Self::ChangeToCommand(entity) => wire(Side::Before, Box::new(move |m| published(m, commands(entity)))),
            Self::CommandToKnown(entity) => stored(nth, "command.", move |m| published(m, commands(entity))),
            Self::CommandToAck => wire(Side::Before, Box::new(acknowledged(ORDERS))),
            Self::ReadToChange => wire(Side::Before, Box::new(|m| published(m, ORDERS))),
            Self::ChangeToKnown => stored(nth, "change.", |m| published(m, ORDERS)),
            Self::ChangeToCursor => wire(Side::Before, Box::new(cursor_after_change())),
            Self::Anywhere(_, after) => Place::Time(after),
        }
    }
}

const ORDERS: &str = "change.main.commerce.order.";

fn commands(entity: Entity) -> &'static str {
    match entity {
        Customer | Edit => "command.main.visma.customer.",
        Invoice => "command.main.visma.invoice.",
        CreditNote => "command.main.visma.creditnote.",
        Rest => "command.main.visma.creditnote.cancellation-",
        Cancellation => "command.main.visma.cancellation.",
    }
}

fn call(entity: Entity) -> (&'static str, &'static str) {
    match entity {
        Customer => ("POST", "/v1/customer"),
        Invoice => ("POST", "/v2/customerinvoice"),
        // Of a rest, whichever comes first: the note over what was refunded or the one over what was cancelled.
        CreditNote | Rest => ("POST", "/v2/customercreditnote"),
        Cancellation => ("DELETE", "/v1/customerinvoice/"),
        Edit => ("PUT", "/v1/customer/"),
    }
}

/// True from the `nth` message that is `meant` on.
fn counted(nth: u64, mut meant: impl FnMut(&Message<'_>) -> bool + Send + 'static) -> Meant {
    let mut left = nth;
    Box::new(move |message| {
        left = left.saturating_sub(u64::from(left > 0 && meant(message)));
        left == 0
    })
}

/// The `nth` message that is `meant` is on disk and its publisher does not know: stops after the message itself, or
/// after the one that commits its batch.
fn stored(nth: u64, stream: &'static str, meant: impl FnMut(&Message<'_>) -> bool + Send + 'static) -> Place {
    let mut out = counted(nth, meant);
    Place::Wire(Side::After, Box::new(move |message| out(message) && published(message, stream) && is_whole(message)))
}

fn published(message: &Message<'_>, subjects: &str) -> bool {
    message.way == Way::ToBroker && message.subject.starts_with(subjects)
}

/// An entry of the log of what was done.
fn entry(message: &Message<'_>, entity: Entity, kind: &str) -> bool {
    let subjects = match entity {
        Customer | Edit => "outcome.main.visma.customer.",
        Invoice | Cancellation => "outcome.main.visma.invoice.",
        CreditNote => "outcome.main.visma.creditnote.",
        Rest => "outcome.main.visma.creditnote.cancellation-",
    };
    let withdraws = || Outcome::decode(message.payload).is_ok_and(|outcome| outcome.withdrawn);
    published(message, subjects) && message.header("Ml-Kind") == Some(kind) && (entity != Cancellation || withdraws())
}

/// Checks whether the broker stores the message when it has it: it is no part of a batch, or the last one.
fn is_whole(message: &Message<'_>) -> bool {
    message.header("Nats-Batch-Id").is_none() || message.header("Nats-Batch-Commit").is_some()
}

/// The acknowledgement of a delivery of these subjects.
fn acknowledged(subjects: &'static str) -> impl FnMut(&Message<'_>) -> bool {
    let mut deliveries = HashSet::new();
    move |message| match message.way {
        Way::FromBroker => {
            if message.subject.starts_with(subjects) {
                deliveries.extend(message.reply.map(str::to_owned));
            }
            false
        }
        Way::ToBroker => deliveries.contains(message.subject) && message.payload.starts_with(b"+ACK"),
    }
}

/// The first move of the cursor after a change.
fn cursor_after_change() -> impl FnMut(&Message<'_>) -> bool {
    let mut changed = false;
    move |message| {
        changed |= published(message, ORDERS);
        changed && published(message, "$KV.ML_CURSORS.")
    }
}
