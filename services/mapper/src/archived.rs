//! Orders and documents that come back from behind the horizon: the log may have held them, and holds them no longer.

use std::time::Duration;

use ::commerce::order::Order;
use ::visma::stamp::Stamp;
use problem::Code;
use proto::seen::CREATED;
use record::Verdict;
use record::address::{Entity, cancelled_by};
use record::envelope::header;
use record::horizon::Horizon;
use record::take::Delivery;

use crate::messages::Lane;
use crate::references::Owner;
use crate::{Mapper, Published, refused};

impl Mapper {
    async fn horizon(&self, delivery: &Delivery) -> Result<Option<Horizon>, Verdict> {
        self.log.horizon().await.map_err(|problem| Verdict::retry(delivery.delivered, problem))
    }

    /// True of a document in Visma that was created before the horizon: the order that it was booked for is archived,
    /// and nothing of it is asked for any longer.
    pub(crate) async fn is_archived(&self, delivery: &Delivery) -> Result<bool, Verdict> {
        let created: Option<Stamp> = header(&delivery.headers, CREATED).and_then(|created| created.parse().ok());
        let Some(created) = created else { return Ok(false) };
        let horizon = self.horizon(delivery).await?;
        Ok(horizon.is_some_and(|horizon| created < Stamp::surely_after(horizon.millis(), Duration::ZERO)))
    }

    /// True when the log holds a command of a document.
    pub(crate) async fn is_commanded(&self, delivery: &Delivery, owner: &Owner, lane: &str) -> Result<bool, Verdict> {
        if self.was_commanded(delivery, owner.entity, &owner.key, lane).await? {
            return Ok(true);
        }
        let of_cancellation = cancelled_by(&owner.key).filter(|_| owner.entity == Entity::CreditNote);
        match of_cancellation {
            Some(key) => self.was_commanded(delivery, Entity::Cancellation, key, lane).await,
            None => Ok(false),
        }
    }

    /// Nothing is to be done about a document that is archived.
    pub(crate) async fn behind_horizon(
        &self,
        delivery: &Delivery,
        place: Entity,
        (entity, number, reference): (Entity, &str, &str),
    ) -> Result<Published, Verdict> {
        let why = format!("{} {number} is of an order in the archive ({reference})", entity.word());
        Ok(self.messages.nothing(delivery, place, number, (Code::BehindHorizon, &why)).await)
    }

    /// Takes back an order that is first seen when it is cancelled and may be archived: what was booked of it may be
    /// credited already, which the writer finds under the credit note's reference. The customer of such an invoice is
    /// known; where nothing was booked, none is made. None when the order cannot be archived.
    pub(crate) async fn withdraw_archived(
        &self,
        delivery: &Delivery,
        lane: Lane<'_>,
        order: &Order,
    ) -> Result<Option<Published>, Verdict> {
        if !self.horizon(delivery).await?.is_some_and(|horizon| horizon.hides(lane.placed)) {
            return Ok(None);
        }
        let cancellation = mapping::cancellation(order, &self.rules.mapping).map_err(refused)?;
        let owner = self.parties.named(&cancellation.customer);
        self.take_back(delivery, lane, cancellation, owner).await.map(Some)
    }
}
