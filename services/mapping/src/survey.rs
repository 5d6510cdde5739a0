//! Contents of the two systems that a mapping file speaks of, as plain data.
//!
//! A list is absent when it could not be read: what is not known is neither compared nor asked about as if it were
//! empty.

use commerce::creditmemo::CreditMemo;
use commerce::invoice::Invoice;
use commerce::order::Order;
use rust_decimal::Decimal;

/// Contents of both systems.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    /// Visma's side.
    pub books: Books,
    /// Commerce's side.
    pub shop: Shop,
}

/// Contents of the company in Visma.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Books {
    /// GL accounts.
    pub accounts: Option<Vec<Account>>,
    /// VAT ids.
    pub vat: Option<Vec<Vat>>,
    /// The segments of a subaccount.
    pub segments: Option<Vec<Segment>>,
    /// Credit terms.
    pub terms: Option<Vec<Entry>>,
    /// Customer classes.
    pub classes: Option<Vec<Entry>>,
    /// Branches.
    pub branches: Option<Vec<Entry>>,
    /// Currencies.
    pub currencies: Option<Vec<Currency>>,
    /// Payment methods.
    pub payment_methods: Option<Vec<Entry>>,
    /// Cash and clearing accounts.
    pub cash_accounts: Option<Vec<Entry>>,
    /// VAT zones of customers.
    pub vat_zones: Option<Vec<Entry>>,
    /// True when verified documents show that Visma keeps the VAT that is set on them, false when they show that it
    /// does not; absent until there is one.
    pub keeps_pins: Option<bool>,
}

/// Contents of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shop {
    /// Store views, without the admin panel.
    pub stores: Option<Vec<ShopStore>>,
    /// Tax rates.
    pub tax_rates: Option<Vec<TaxRate>>,
    /// Customer groups.
    pub groups: Option<Vec<Group>>,
    /// Its latest sales.
    pub sales: Option<Sales>,
}

/// The latest documents of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sales {
    /// Orders.
    pub orders: Vec<Order>,
    /// Invoices.
    pub invoices: Vec<Invoice>,
    /// Credit memos.
    pub credit_memos: Vec<CreditMemo>,
    /// Orders of those invoices and credit memos that are not among `orders`.
    pub others: Vec<Order>,
}

impl Sales {
    /// The order with this id.
    #[must_use]
    pub fn order(&self, id: u64) -> Option<&Order> {
        self.orders.iter().chain(&self.others).find(|order| order.entity_id == id)
    }

    /// Orders that the invoices and credit memos belong to and that were not read, each once.
    #[must_use]
    pub fn missing_orders(&self) -> Vec<u64> {
        let invoices = self.invoices.iter().map(|invoice| invoice.order_id);
        let ids: std::collections::BTreeSet<u64> =
            invoices.chain(self.credit_memos.iter().map(|memo| memo.order_id)).collect();
        ids.into_iter().filter(|id| self.order(*id).is_none()).collect()
    }

    /// The credit memos, each with its order.
    pub(crate) fn refunds(&self) -> impl Iterator<Item = (&CreditMemo, &Order)> {
        self.credit_memos.iter().filter_map(|memo| self.order(memo.order_id).map(|order| (memo, order)))
    }
}

/// A key with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Key that documents name.
    pub key: String,
    /// Name that people use for it.
    pub name: String,
    /// True when it can be used.
    pub active: bool,
}

/// A GL account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Number, name and whether it can be used.
    pub entry: Entry,
    /// `Asset`, `Liability`, `Income`, `Expense`, or empty.
    pub kind: String,
    /// The ledger that alone posts on it.
    pub ledger: Option<String>,
}

/// A VAT id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vat {
    /// Id, name and whether it may be used today.
    pub entry: Entry,
    /// Its rate today, per cent.
    pub rate: Option<Decimal>,
    /// True when customers are charged it.
    pub output: bool,
}

/// A segment of the subaccount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its place, from 1.
    pub number: u32,
    /// Name that people use for it.
    pub name: String,
    /// True when a value must be one of those listed.
    pub closed: bool,
    /// Its values.
    pub values: Vec<Entry>,
}

/// A currency of the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Currency {
    /// ISO 4217.
    pub code: String,
    /// True when the books are kept in it.
    pub is_base: bool,
    /// Places behind the point.
    pub decimals: Option<u32>,
}

/// A store view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopStore {
    /// Its id.
    pub id: u64,
    /// Its code.
    pub code: String,
    /// Its website.
    pub website: u64,
    /// Currency that orders have unless the buyer chooses another.
    pub currency: Option<String>,
    /// IANA name of its time zone.
    pub time_zone: Option<String>,
}

/// A tax rate of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRate {
    /// Its code.
    pub code: String,
    /// Country, two letters.
    pub country: String,
    /// Per cent.
    pub rate: Decimal,
    /// True when a tax rule charges it, and where the rules could not be read.
    pub used: bool,
}

/// A customer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id; 0 is a guest's.
    pub id: u64,
    /// Its name.
    pub name: String,
}
