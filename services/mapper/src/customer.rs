//! A registered customer: the fields that the shop owns.

use ::commerce::customer::Customer;
use mapping::Decision;
use pipeline::broker::take::Delivery;
use pipeline::verdict::Verdict;

use crate::{Mapper, Published, refused};

impl Mapper {
    /// Decides on one version of a customer.
    pub(crate) async fn customer(&self, delivery: &Delivery, key: &str) -> Result<Published, Verdict> {
        let customer: Customer = self.read(delivery, "customer", key).await?;
        match mapping::customer(&customer, &self.rules.mapping, &self.rules.scope).map_err(refused)? {
            Decision::Book(_) if self.is_superseded(delivery).await? => {
                Ok(self.superseded(delivery, "customer", key).await)
            }
            Decision::Book(update) => Ok(self.parties.update(&self.messages, delivery, *update).await),
            Decision::Wait { reason } | Decision::Skip { reason } => {
                Ok(self.messages.nothing(delivery, "customer", key, (reason.code, &reason.sentence)).await)
            }
        }
    }
}
