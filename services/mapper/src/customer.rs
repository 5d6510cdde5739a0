//! A registered customer: the fields that the shop owns.

use ::commerce::customer::Customer;
use mapping::Decision;
use record::Verdict;
use record::address::{Entity, Kind};
use record::body;
use record::envelope;
use record::take::Delivery;

use crate::reading::said;
use crate::{Mapper, Published, refused};

impl Mapper {
    /// Decides on one version of a customer.
    pub(crate) async fn customer(&self, delivery: &Delivery, key: &str) -> Result<Published, Verdict> {
        let customer: Customer = self.read(delivery, Entity::Customer, key).await?;
        let earlier = self.earlier(delivery, &customer).await?;
        match mapping::customer(&customer, earlier.as_ref(), &self.rules.mapping, &self.rules.scope).map_err(refused)? {
            Decision::Book(_) if self.is_superseded(delivery).await? => {
                Ok(self.superseded(delivery, Entity::Customer, key).await)
            }
            Decision::Book(update) => Ok(self.parties.update(&self.messages, delivery, *update).await),
            Decision::Wait { reason } | Decision::Skip { reason } => {
                Ok(self.messages.nothing(delivery, Entity::Customer, key, (reason.code, &reason.sentence)).await)
            }
        }
    }

    /// The version of a customer that was decided on before this one: the one that Visma was last told of, else the one
    /// before. One that cannot be read is none.
    async fn earlier(&self, delivery: &Delivery, customer: &Customer) -> Result<Option<Customer>, Verdict> {
        let retry = |problem: problem::Problem| Verdict::retry(delivery.delivered, problem);
        let previous: Option<u64> = said(&delivery.subject, &delivery.headers, envelope::PREVIOUS)?;
        let Some(previous) = previous else { return Ok(None) };
        let told = self.parties.told(delivery, customer.id, &customer.email).await.map_err(retry)?;
        let entry = self.log.at(Kind::Change, told.unwrap_or(previous)).await.map_err(retry)?;
        let Some(entry) = entry else { return Ok(None) };
        match self.open(body::unpacked(&entry.headers, &entry.payload).await, delivery.delivered).await {
            Ok(text) => Ok(Customer::decode(text.as_bytes()).ok()),
            Err(Verdict::Dead(_)) => Ok(None),
            // The broker is away: what it holds is not known, and is not nothing.
            Err(later) => Err(later),
        }
    }
}
