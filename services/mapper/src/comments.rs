//! Comments on an order that tell the shop's people about a document in Visma.

use mapping::books::Note;
use problem::{Code, Problem};
use proto::{Attribute, Comment, command};
use record::Verdict;
use record::address::{Entity, System};
use record::take::Delivery;
use serde::Deserialize;

use crate::Mapper;
use crate::messages::Lane;

/// Settings of the notes on orders.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comments {
    /// On an order, what becomes of its invoices and credit notes in Visma.
    pub invoice_status: bool,
    /// On the order that a purchase order serves, the supplier's invoices for it.
    pub supplier_invoices: bool,
    /// Code of the custom attribute of orders that holds those too, for programs; empty for none.
    pub supplier_invoices_attribute: String,
}

impl Mapper {
    /// Publishes a comment on an order, with entries of its attributes; the order is told by its entity_id (empty when
    /// that is not known) and its increment id.
    pub(crate) async fn comment(
        &self,
        delivery: &Delivery,
        place: &str,
        (entity_id, increment_id): (&str, &str),
        (note, attributes): (Note, Vec<Attribute>),
    ) -> Result<(), Problem> {
        let lane = if entity_id.is_empty() { increment_id } else { entity_id };
        let note = note.of(&self.context.connection);
        let address = self.log.command(System::Commerce, Entity::Comment, place, lane);
        let document = command::Document::Comment(Comment {
            increment_id: increment_id.to_owned(),
            entity_id: entity_id.parse().ok(),
            text: if note.text.is_empty() { String::new() } else { format!("{} {}", note.text, note.mark) },
            mark: note.mark,
            visible: false,
            attributes,
        });
        self.messages
            .publish(&address, self.messages.command(delivery, &address, Lane::named(lane), document))
            .await
            .map(drop)
    }

    /// The increment id of an order of the shop, as it was last read.
    pub(crate) async fn increment_id(&self, delivery: &Delivery, entity_id: &str) -> Result<String, Verdict> {
        let last = self.log.last(&self.log.change(System::Commerce, Entity::Order, entity_id)).await;
        let last = last.map_err(|problem| Verdict::retry(delivery.delivered, problem))?;
        let order = match last {
            Some(entry) => Some(self.record(delivery, &entry.headers, &entry.payload).await?),
            None => None,
        };
        let order = order.as_ref().and_then(|order| order.get("increment_id")?.as_str().map(str::to_owned));
        order.ok_or_else(|| {
            let sentence = format!("the order {entity_id} has not been read yet");
            let remedy = "see whether the order exists in Commerce, and let it be read: `ml-connector poll now`";
            Verdict::retry(delivery.delivered, Problem::new(Code::OrderMissing, sentence, remedy))
        })
    }
}
