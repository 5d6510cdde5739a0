//! From a change to the record as it was read at the source.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use ::commerce::creditmemo::CreditMemo;
use ::commerce::customer::Customer;
use ::commerce::invoice::Invoice;
use ::commerce::order::{DecodeError, Order};
use async_nats::HeaderMap;
use bytes::Bytes;
use jiff::civil::DateTime;
use mapping::Scope;
use pipeline::clock;
use pipeline::vault::{VaultError, Zeroizing};
use problem::{Code, Problem, READ_ANEW, chain, then_again};
use record::Verdict;
use record::Wait;
use record::address::{Address, Entity, System};
use record::body::{self, BodyError};
use record::envelope::{self, header};
use record::take::Delivery;

use crate::Mapper;

/// How long the order of a document is waited for: who records a document records its order first.
const ORDER_PATIENCE: Duration = Duration::from_secs(10 * 60);

/// A record of Commerce, decoded from its JSON.
pub(crate) trait Record: Sized {
    /// Decodes it.
    fn decode(json: &[u8]) -> Result<Self, DecodeError>;
}

macro_rules! records {
    ($($record:ty),*) => {
        $(impl Record for $record {
            fn decode(json: &[u8]) -> Result<Self, DecodeError> {
                <$record>::decode(json)
            }
        })*
    };
}
records!(Order, Invoice, CreditMemo, Customer);

impl Mapper {
    /// The record as it was read at the source.
    pub(crate) async fn read<R: Record>(&self, delivery: &Delivery, entity: Entity, key: &str) -> Result<R, Verdict> {
        let text = self.open(body::unpacked(&delivery.headers, &delivery.payload).await, delivery.delivered).await?;
        decode(&text, entity, key)
    }

    /// The order of an invoice or a credit memo, as it was last read. Who records those records their order first, so
    /// that it is missing only for a moment, or because of a fault. With the moment from which on it counts, if its
    /// change says one.
    pub(crate) async fn order_of(&self, delivery: &Delivery, id: u64) -> Result<(Order, Option<DateTime>), Verdict> {
        let key = id.to_string();
        let address = self.log.change(System::Commerce, Entity::Order, &key);
        let last = self.log.last(&address).await;
        let last = last.map_err(|problem| Verdict::retry(delivery.delivered, problem))?;
        let Some(entry) = last else {
            let sentence = format!("the order with the entity_id {key} has not been read, and this document needs it");
            let remedy = then_again("let the order be read (`ml-connector poll now commerce.order`)");
            let problem = Problem::new(Code::OrderMissing, sentence, remedy);
            return Err(until_read(delivery, address, (ORDER_PATIENCE, true), problem));
        };
        let text = self.open(body::unpacked(&entry.headers, &entry.payload).await, delivery.delivered).await?;
        Ok((decode(&text, Entity::Order, &key)?, said(&address.subject(), &entry.headers, envelope::COUNTS_FROM)?))
    }

    /// The scope that a record is decided on with. One that was brought in from before the go-live date says itself
    /// from when on it counts, or its order does.
    pub(crate) fn scope(&self, delivery: &Delivery, of_order: Option<DateTime>) -> Result<Cow<'_, Scope>, Verdict> {
        let scope = &self.rules.scope;
        let own: Option<DateTime> = said(&delivery.subject, &delivery.headers, envelope::COUNTS_FROM)?;
        Ok(match (own.into_iter().chain(of_order).min(), scope.go_live) {
            (Some(mark), Some(go_live)) if mark < go_live => Cow::Owned(Scope { go_live: Some(mark), ..scope.clone() }),
            _ => Cow::Borrowed(scope),
        })
    }

    /// The JSON text of a change, with what is a person's in clear.
    pub(crate) async fn open(
        &self,
        unpacked: Result<Bytes, BodyError>,
        delivered: u64,
    ) -> Result<Zeroizing<String>, Verdict> {
        let unreadable = |sentence: String| Verdict::Dead(Problem::new(Code::ChangeUnreadable, sentence, READ_ANEW));
        let bytes = unpacked.map_err(|e| unreadable(chain(&e)))?;
        let text = std::str::from_utf8(&bytes).map_err(|e| unreadable(chain(&e)))?;
        match self.context.vault.open_text(text).await {
            Ok(text) => Ok(text),
            Err(e @ (VaultError::Erased | VaultError::Cipher(_))) => {
                let remedy =
                    "an erased person's orders cannot be booked; else restore the key bucket and the master key";
                Err(Verdict::Dead(Problem::new(Code::PersonErased, chain(&e), remedy)))
            }
            Err(e) => Err(Verdict::retry(delivered, e.unusable())),
        }
    }
}

fn decode<R: Record>(text: &str, entity: Entity, key: &str) -> Result<R, Verdict> {
    R::decode(text.as_bytes()).map_err(|e| {
        let sentence = format!("the {} with the entity_id {key} cannot be read: {e}", entity.word());
        let remedy = then_again("look at the record over the API: a module may have changed what Commerce sends");
        Verdict::Dead(Problem::new(Code::OrderUnreadable, sentence, remedy))
    })
}

/// The verdict on a change that needs a record which has not been read yet: it waits for that, and not for ever.
pub(crate) fn until_read(
    delivery: &Delivery,
    on: Address,
    (patience, is_soon): (Duration, bool),
    problem: Problem,
) -> Verdict {
    let until = delivery.stored_at.saturating_add(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX));
    match clock::now_millis() < until {
        true => Verdict::Wait(Wait { on, seen: 0, until, is_soon, why: problem.sentence }),
        false => Verdict::Dead(problem),
    }
}

/// Returns what the header `name` of a change says, where there is one. A header that cannot be read is a dead letter:
/// without the mark from when on a record counts, the record would be left out, and without the version before it
/// nothing would be compared.
pub(crate) fn said<T: FromStr<Err: Display>>(
    subject: &str,
    headers: &HeaderMap,
    name: &'static str,
) -> Result<Option<T>, Verdict> {
    let read = header(headers, name).map(|text| text.parse().map_err(|e| format!("{text:?}: {e}"))).transpose();
    read.map_err(|why| {
        let sentence = format!("the header {name} of {subject} cannot be read: {why}");
        Verdict::Dead(Problem::new(Code::ChangeUnreadable, sentence, READ_ANEW))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_cannot_be_read_is_not_one_that_is_absent() {
        let mut headers = HeaderMap::new();
        let of = |headers: &HeaderMap| said::<u64>("change.main.commerce.order.7", headers, envelope::PREVIOUS);
        assert_eq!(of(&headers), Ok(None));
        envelope::set(&mut headers, envelope::PREVIOUS, "12");
        assert_eq!(of(&headers), Ok(Some(12)));
        envelope::set(&mut headers, envelope::PREVIOUS, "l2");
        let Err(Verdict::Dead(problem)) = of(&headers) else { panic!("it is given up on") };
        assert_eq!(problem.code, Code::ChangeUnreadable);
        assert!(problem.sentence.contains("\"l2\""), "{problem}");
    }
}
