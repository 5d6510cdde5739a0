//! The kinds of records that are read, and how each is named where it is read from.
//!
//! Commerce names one kind in several ways: a credit memo is `/V1/creditmemo/{id}` and a list of `/V1/creditmemos`; a
//! customer is searched for by `entity_id` and shows it as `id`.

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A sales order.
    Order,
    /// An invoice of an order.
    Invoice,
    /// A credit memo of an order.
    CreditMemo,
    /// A customer account.
    Customer,
}

impl Entity {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Order, Self::Invoice, Self::CreditMemo, Self::Customer];

    /// Its name in subjects and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Invoice => "invoice",
            Self::CreditMemo => "creditmemo",
            Self::Customer => "customer",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.name() == name)
    }

    /// Path of its list.
    pub(crate) fn list(self) -> &'static str {
        match self {
            Self::Order => "/V1/orders",
            Self::Invoice => "/V1/invoices",
            Self::CreditMemo => "/V1/creditmemos",
            Self::Customer => "/V1/customers/search",
        }
    }

    /// Path of one record, without its id.
    pub(crate) fn one(self) -> &'static str {
        match self {
            Self::Order => "/V1/orders",
            Self::Invoice => "/V1/invoices",
            Self::CreditMemo => "/V1/creditmemo",
            Self::Customer => "/V1/customers",
        }
    }

    /// True when it has a number that people see, besides its id.
    pub fn has_increment_id(self) -> bool {
        match self {
            Self::Order | Self::Invoice | Self::CreditMemo => true,
            Self::Customer => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Entity;

    #[test]
    fn names_lead_back() {
        for entity in Entity::ALL {
            assert_eq!(Entity::named(entity.name()), Some(entity));
        }
        assert_eq!(Entity::named("shipment"), None);
    }
}
