//! The systems, and the kinds of records, as they stand in subjects and as people call them.

/// Where a record is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// The web shop.
    Commerce,
    /// The accounting.
    Visma,
    /// Our own decisions: what came of a record for which nothing was to be done.
    Mapping,
}

impl System {
    const ALL: [Self; 3] = [Self::Commerce, Self::Visma, Self::Mapping];

    /// As it stands in subjects and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commerce => "commerce",
            Self::Visma => "visma",
            Self::Mapping => "mapping",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Kind of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A sales order of the shop.
    Order,
    /// An invoice: the shop's, or Visma's customer invoice.
    Invoice,
    /// A credit memo of the shop.
    CreditMemo,
    /// A credit note of Visma.
    CreditNote,
    /// A customer.
    Customer,
    /// A supplier of Visma.
    Supplier,
    /// A supplier invoice of Visma.
    SupplierInvoice,
    /// A purchase order of Visma.
    PurchaseOrder,
    /// The number of a Commerce invoice, written on the Visma invoice.
    Reference,
    /// An order that shall not stand in the books any longer.
    Cancellation,
    /// The state of a document of ours, as a poll saw it.
    Verification,
    /// A customer payment of Visma.
    Payment,
    /// A comment on an order of the shop.
    Comment,
    /// An invoice as it was seen in Visma, among our own decisions.
    SeenInvoice,
    /// A credit note as it was seen in Visma, among our own decisions.
    SeenCreditNote,
    /// The moment before which the log's silence proves nothing.
    Horizon,
}

impl Entity {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::Order,
        Self::Invoice,
        Self::CreditMemo,
        Self::CreditNote,
        Self::Customer,
        Self::Supplier,
        Self::SupplierInvoice,
        Self::PurchaseOrder,
        Self::Reference,
        Self::Cancellation,
        Self::Verification,
        Self::Payment,
        Self::Comment,
        Self::SeenInvoice,
        Self::SeenCreditNote,
        Self::Horizon,
    ];

    /// As it stands in subjects.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Invoice => "invoice",
            Self::CreditMemo => "creditmemo",
            Self::CreditNote => "creditnote",
            Self::Customer => "customer",
            Self::Supplier => "supplier",
            Self::SupplierInvoice => "supplierinvoice",
            Self::PurchaseOrder => "purchaseorder",
            Self::Reference => "reference",
            Self::Cancellation => "cancellation",
            Self::Verification => "verification",
            Self::Payment => "payment",
            Self::Comment => "comment",
            Self::SeenInvoice => "visma-invoice",
            Self::SeenCreditNote => "visma-creditnote",
            Self::Horizon => "horizon",
        }
    }

    /// As an accountant calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::CreditMemo => "credit memo",
            Self::CreditNote | Self::SeenCreditNote => "credit note",
            Self::SupplierInvoice => "supplier invoice",
            Self::PurchaseOrder => "purchase order",
            Self::SeenInvoice => "invoice",
            Self::Order
            | Self::Invoice
            | Self::Customer
            | Self::Supplier
            | Self::Reference
            | Self::Cancellation
            | Self::Verification
            | Self::Payment
            | Self::Comment
            | Self::Horizon => self.name(),
        }
    }

    /// The kind of this name in a subject.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}
