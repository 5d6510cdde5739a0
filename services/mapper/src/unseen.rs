//! Documents that a poll of Visma had seen before their orders: a broker that was set back, or lost, reads both anew,
//! and in no order. What was seen of them was nobody's then, and no poll says it again.

use problem::Problem;
use proto::seen::DELETED;
use record::address::{Entity, System};
use record::envelope::{self, header};
use record::take::Delivery;

use crate::Mapper;
use crate::document::verification;
use crate::references::Owner;

/// True for the first version of its record that was ever read.
pub(crate) fn is_news(delivery: &Delivery) -> bool {
    header(&delivery.headers, envelope::PREVIOUS).is_none()
}

impl Mapper {
    /// Has what was seen in Visma under a reference verified, now that a command of the shop's first version of the
    /// record says whose it is.
    pub(crate) async fn verify_seen(
        &self,
        delivery: &Delivery,
        lane: &str,
        (entity, key, reference): (Entity, &str, &str),
    ) -> Result<(), Problem> {
        if !is_news(delivery) {
            return Ok(());
        }
        let numbers = self.seen.numbers(entity, reference);
        for number in &numbers {
            let address = self.log.change(System::Visma, entity, number);
            let Some(entry) = self.log.last(&address).await? else { continue };
            if header(&entry.headers, DELETED).is_some() {
                continue;
            }
            // One that cannot be read was told when it was taken.
            let Ok(version) = self.version(delivery, &entry.headers, &entry.payload).await else { continue };
            let owner = Owner { entity, key: key.to_owned(), lane: Some(lane.to_owned()) };
            self.verify(delivery, lane, verification(&owner, reference, &numbers, &version.read, false)).await?;
        }
        Ok(())
    }
}
