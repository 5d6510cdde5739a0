//! Changes to be written to a customer that stands in Visma, and what the last poll saw of it.

use record::address::{Entity, System};
use std::time::Duration;

use ::visma::customer::{Customer, Field, differing};
use ::visma::etag::Etag;
use ::visma::requests::Company;
use bytes::Bytes;
use http::Request;
use problem::{Problem, chain};
use record::Verdict;
use record::body;
use record::take::Delivery;
use serde_json::Value;

use super::Writer;
use crate::amend::{Change, Seen};
use crate::entries::applied_at;
use crate::unreadable;
use record::Current;

/// A poll is recorded some time after Visma was read.
const POLL_LAG: Duration = Duration::from_secs(60);

impl Writer {
    /// Returns what the last poll saw of a customer. If we have written to it since, only the version that our write
    /// led to counts; the customer's record holds that version.
    pub(super) async fn polled(
        &self,
        delivery: &Delivery,
        number: &str,
        held: &Current,
    ) -> Result<Option<Seen>, Verdict> {
        let log = &self.driver.log;
        let entry = log.last(&log.change(System::Visma, Entity::Customer, number)).await;
        let Some(entry) = entry.map_err(|problem| Verdict::retry(delivery.delivered, problem))? else {
            return Ok(None);
        };
        // What cannot be opened or read is as good as not polled: it is read at Visma.
        let Ok(text) = body::unpacked(&entry.headers, &entry.payload).await else { return Ok(None) };
        let Ok(text) = std::str::from_utf8(&text) else { return Ok(None) };
        let Ok(text) = self.context.vault.open_text(text).await else { return Ok(None) };
        let Ok(says) = serde_json::from_str::<Value>(&text) else { return Ok(None) };
        let etag = says.get("timeStamp").and_then(Value::as_str).and_then(Etag::parse);
        let etag = etag.map(|etag| etag.as_str().to_owned());
        // The very version that our write led to was polled since; or so much later that it was read after it.
        let same = etag.is_some() && etag.as_deref() == Etag::parse(&held.entry.etag).as_ref().map(Etag::as_str);
        let written = applied_at(&held.entry);
        let lag = u64::try_from(POLL_LAG.as_millis()).unwrap_or(u64::MAX);
        let since = written == 0 || entry.stored_at >= written.saturating_add(lag);
        Ok((same || since).then_some(Seen { etag, says: Some(says) }))
    }
}

/// The fields of a customer that are the shop's.
pub(super) struct CustomerChange<'a> {
    pub(super) company: &'a Company,
    pub(super) customer: &'a Customer,
    pub(super) fields: Vec<Field>,
}

impl Change for CustomerChange<'_> {
    fn reading(&self, number: &str) -> Result<Request<Bytes>, Problem> {
        self.company.customer(number).map_err(|e| unreadable(&chain(&e)))
    }

    fn adds(&self) -> bool {
        false
    }

    fn differs(&self, says: &Value) -> bool {
        !differing(self.customer, &self.fields, says).is_empty()
    }

    fn writing(&self, number: &str, etag: &str, says: Option<&Value>) -> Result<Request<Bytes>, Problem> {
        let etag = Etag::parse(etag).ok_or_else(|| unreadable("there is no version to write under"))?;
        let fields = says.map_or_else(|| self.fields.clone(), |says| differing(self.customer, &self.fields, says));
        let request = self.company.update_customer(number, &etag, self.customer, &fields);
        request.map_err(|e| unreadable(&chain(&e)))
    }
}
