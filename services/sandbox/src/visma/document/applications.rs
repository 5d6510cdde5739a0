//! Settlements: a credit note or a payment is applied to documents, and counts once it is released.

use rust_decimal::Decimal;

use crate::visma::audit::Entity;
use crate::visma::books::Books;
use crate::visma::config::LineWithoutOperation;
use crate::visma::dto::Dto;
use crate::visma::reply::VismaRefusal;

/// One document's part in another's settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::visma) struct Application {
    /// The kind of the document at the other end.
    pub(in crate::visma) entity: Entity,
    /// Its number.
    pub(in crate::visma) number: String,
    /// The amount, in the document's currency.
    pub(in crate::visma) amount: Decimal,
    /// True when it counts: the settling document is released.
    pub(in crate::visma) released: bool,
}

/// The document that settles others.
#[derive(Clone, Copy, Debug)]
pub(in crate::visma) struct Settler<'a> {
    pub(in crate::visma) entity: Entity,
    /// Empty when it has none yet.
    pub(in crate::visma) number: &'a str,
    pub(in crate::visma) customer: &'a str,
    pub(in crate::visma) currency: &'a str,
    /// The kinds of documents that it can be applied to.
    pub(in crate::visma) targets: &'a [Entity],
}

/// Inserts, updates and deletes applications as their `operation` says.
///
/// # Errors
/// A document that is unknown or not released, of another customer or currency, or an amount over its balance.
pub(in crate::visma) fn change<'a>(
    books: &Books,
    settler: Settler<'_>,
    into: &mut Vec<Application>,
    lines: impl Iterator<Item = Dto<'a>>,
    verb: &'static str,
) -> Result<(), VismaRefusal> {
    for line in lines {
        let reference = line.text("refNbr").unwrap_or_default();
        let Some(operation) = line.text("operation") else {
            match books.config.line_without_operation {
                LineWithoutOperation::Dropped => continue,
                LineWithoutOperation::Refused => {
                    return Err(VismaRefusal::document(verb, "A line without 'operation' cannot be inserted."));
                }
            }
        };
        let wanted = line.text("documentType").unwrap_or("Invoice");
        let entity = settler.targets.iter().copied().find(|entity| entity.document_type() == wanted);
        let entity = entity.ok_or_else(|| VismaRefusal::unknown(verb, "AdjdDocType", wanted))?;
        let before = into.iter().position(|known| known.entity == entity && known.number == reference);
        match (operation, before) {
            ("Insert", Some(_)) => {
                let sentence = format!("The document '{reference}' is applied already.");
                return Err(VismaRefusal::document(verb, sentence));
            }
            ("Insert", None) => {
                into.push(checked(books, settler, entity, reference, line.decimal("amountPaid"), verb)?)
            }
            (_, None) => return Err(VismaRefusal::unknown(verb, "AdjdRefNbr", reference)),
            (operation, Some(place)) => {
                into.remove(place);
                if operation == "Update" {
                    let amount = line.decimal("amountPaid");
                    into.insert(place, checked(books, settler, entity, reference, amount, verb)?);
                }
            }
        }
    }
    Ok(())
}

fn checked(
    books: &Books,
    settler: Settler<'_>,
    entity: Entity,
    number: &str,
    amount: Option<Decimal>,
    verb: &'static str,
) -> Result<Application, VismaRefusal> {
    // What is not released, or another customer's, is not on the list that Visma offers.
    let document = books.document(entity, number).filter(|document| {
        document.status.released()
            && document.customer == settler.customer
            && document.currency.eq_ignore_ascii_case(settler.currency)
    });
    let document = document.ok_or_else(|| VismaRefusal::unknown(verb, "AdjdRefNbr", number))?;
    let open = document.balance() - reserved(books, settler, entity, number);
    let amount = amount.unwrap_or(open);
    if amount <= Decimal::ZERO || amount > open {
        let sentence = format!("Amount paid '{amount}' exceeds the balance '{open}' of the document '{number}'.");
        return Err(VismaRefusal::document(verb, sentence));
    }
    Ok(Application { entity, number: number.to_owned(), amount, released: false })
}

/// Amount that other settlers, which are not released yet, will take from a document's balance.
fn reserved(books: &Books, settler: Settler<'_>, entity: Entity, number: &str) -> Decimal {
    let notes = books.credit_notes.values().map(|note| (Entity::CreditNote, &note.number, &note.applications));
    let payments = books.payments.values().map(|payment| (Entity::Payment, &payment.number, &payment.applications));
    let others = notes.chain(payments).filter(|(kind, own, _)| *kind != settler.entity || *own != settler.number);
    let applications = others.flat_map(|(.., applications)| applications);
    applications.filter(|one| !one.released && one.entity == entity && one.number == number).map(|one| one.amount).sum()
}
