//! Credit notes over the cancelled part of an order of which more stands in Visma: each is over what was cancelled
//! since the one before.

use ::commerce::order::Order;
use mapping::Before;
use problem::{Code, Problem, chain};
use record::Verdict;
use record::address::{Entity, Kind};
use record::take::Delivery;
use record::{Entry, body, entry};

use crate::messages::Lane;
use crate::{Mapper, Published, refused};

/// More than any shop cancels an order by.
const MOST: u32 = 100;

/// The credit notes over cancelled parts of an order that were commanded.
pub(crate) struct Credited {
    /// How many.
    pub(crate) notes: u32,
    /// Stream sequence of the change that the last one was made of.
    change: u64,
}

impl Mapper {
    /// Credits what was cancelled of an order, less what is credited already: a credit note is never changed.
    pub(crate) async fn cancelled_part(
        &self,
        delivery: &Delivery,
        key: &str,
        order: &Order,
    ) -> Result<Published, Verdict> {
        if !mapping::has_cancelled(order) {
            return Ok(Ok(()));
        }
        let credited = self.credited_parts(delivery, key).await?;
        // Decided on before, or of a newer version.
        if credited.change >= delivery.sequence {
            return Ok(Ok(()));
        }
        let earlier = match credited.notes {
            0 => None,
            _ => Some(self.as_it_stood(delivery, credited.change).await?),
        };
        let before = earlier.as_ref().map(|order| Before { order, notes: credited.notes });
        let Some(part) = mapping::cancelled_part(order, before, &self.rules.mapping).map_err(refused)? else {
            return Ok(Ok(()));
        };
        self.claim(&part.credit_note.reference, Entity::CreditNote, &part.credit_note.key)?;
        Ok(self.credit(delivery, Lane::of(key, order), part, vec![key.to_owned()]).await)
    }

    /// Reads which credit notes over cancelled parts of an order were commanded, while the rest of the order went on.
    pub(crate) async fn credited_parts(&self, delivery: &Delivery, key: &str) -> Result<Credited, Verdict> {
        let mut credited = Credited { notes: 0, change: 0 };
        while credited.notes < MOST {
            let next = mapping::part_key(key, credited.notes + 1);
            let last = self.messages.last_command(Entity::CreditNote, &next, key).await;
            let last = last.map_err(|problem| Verdict::retry(delivery.delivered, problem))?;
            let Some(entry) = last else { break };
            let command = entry::read_command(&entry.payload).map_err(|cause| damaged(&next, &cause))?;
            credited = Credited { notes: credited.notes + 1, change: command.change_sequence };
        }
        Ok(credited)
    }

    /// A version of an order that was decided on before. Amounts are in clear in it: nothing personal is opened.
    async fn as_it_stood(&self, delivery: &Delivery, sequence: u64) -> Result<Order, Verdict> {
        let entry = self.log.at(Kind::Change, sequence).await;
        let entry = entry.map_err(|problem| Verdict::retry(delivery.delivered, problem))?;
        let Some(Entry { headers, payload, .. }) = entry else {
            let sentence = format!(
                "more of the order was cancelled than is credited, and the version of it that was credited (entry \
                 {sequence} of CHANGES) is not in the stream any longer"
            );
            let remedy = "credit what is cancelled since in Visma by hand";
            return Err(Verdict::Dead(Problem::new(Code::ChangeUnreadable, sentence, remedy)));
        };
        let bytes = body::unpacked(&headers, &payload).await.map_err(|e| damaged(&delivery.subject, &chain(&e)))?;
        Order::decode(&bytes).map_err(|e| damaged(&delivery.subject, &chain(&e)))
    }
}

fn damaged(what: &str, cause: &str) -> Verdict {
    let sentence = format!("an earlier entry of {what} cannot be read: {cause}");
    let remedy = "the entry is damaged: credit what is cancelled since in Visma by hand";
    Verdict::Dead(Problem::new(Code::ChangeUnreadable, sentence, remedy))
}
