//! The company's own data: what a document may refer to.
//!
//! It is part of the settings, so that a test can give the company another account, another segment or another VAT
//! zone; the default company stands in a module of its own.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The company's own data.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chart {
    /// Branches; the first is the main one.
    pub branches: Vec<Branch>,
    /// General ledger accounts.
    pub accounts: Vec<Account>,
    /// VAT ids.
    pub vats: Vec<Vat>,
    /// VAT zones of customers.
    pub vat_zones: Vec<VatZone>,
    /// The segments of a subaccount, in order.
    pub segments: Vec<Segment>,
    /// Credit terms.
    pub credit_terms: Vec<CreditTerms>,
    /// Currencies; the first is the base currency.
    pub currencies: Vec<Currency>,
    /// Customer classes; the first is the default one.
    pub customer_classes: Vec<CustomerClass>,
    /// Numbers of non-stock items that an invoice line may name.
    pub items: Vec<String>,
    /// Payment methods.
    pub payment_methods: Vec<PaymentMethod>,
    /// Accounts on which money comes and goes.
    pub cash_accounts: Vec<CashAccount>,
    /// Suppliers.
    pub suppliers: Vec<Supplier>,
    /// Ids of customer attributes.
    pub attributes: Vec<String>,
}

/// A branch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// Its number, as documents name it.
    pub number: String,
    /// Its name.
    pub name: String,
    /// The organisation number.
    pub corporate_id: String,
}

/// The kinds of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountType {
    /// Accounts of what the company owns.
    Asset,
    /// Accounts of what it owes.
    Liability,
    /// Accounts of what it earns.
    Income,
    /// Accounts of what it spends.
    Expense,
}

/// A general ledger account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// `accountCD`.
    pub number: String,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: AccountType,
    /// Name that people know it by.
    pub description: String,
    /// True when it can be used.
    pub active: bool,
    /// The ledger that alone posts on it (`AR`, `AP`): no line can name such an account.
    #[serde(default)]
    pub control_module: Option<String>,
}

/// A VAT id.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vat {
    /// Its id, as lines name it.
    pub id: String,
    /// Name that people know it by.
    pub description: String,
    /// The rate in percent.
    pub rate: Decimal,
    /// The last day on which it may be used.
    #[serde(default)]
    pub not_valid_after: Option<Date>,
    /// True when its base counts as exempt and not as taxable.
    #[serde(default)]
    pub exempt: bool,
    /// True when it is the VAT of purchases: no customer document can name it.
    #[serde(default)]
    pub input: bool,
}

/// A VAT zone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VatZone {
    /// Its id, as customers name it.
    pub id: String,
    /// Name that people know it by.
    pub description: String,
    /// The VAT id of a line that names none.
    pub default_vat: String,
    /// The VAT ids that can be used in the zone; empty means all.
    #[serde(default)]
    pub vats: Vec<String>,
}

/// A segment of a subaccount.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Its place, from 1.
    pub id: i64,
    /// Name that people know it by.
    pub description: String,
    /// How many characters a value has.
    pub length: usize,
    /// True when a value must be one of those listed.
    pub validate: bool,
    /// Its values.
    pub values: Vec<SegmentValue>,
}

/// A value of a segment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentValue {
    /// The value.
    pub id: String,
    /// Name that people know it by.
    pub description: String,
    /// True when it can be used.
    pub active: bool,
}

/// Credit terms of a fixed number of days.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditTerms {
    /// Its id.
    pub id: String,
    /// Name that people know it by.
    pub description: String,
    /// Days until the invoice is due.
    pub days: u16,
}

/// A currency.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Currency {
    /// Its ISO 4217 code.
    pub id: String,
    /// Name that people know it by.
    pub description: String,
    /// Decimals of its amounts.
    pub decimals: u32,
    /// Price of one unit in the base currency, for documents that bring no rate.
    pub rate: Decimal,
}

/// A customer class.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerClass {
    /// Its id.
    pub id: String,
    /// Name that people know it by.
    pub description: String,
    /// The terms of its customers.
    pub credit_terms: String,
    /// The VAT zone of its customers, if it gives one.
    pub vat_zone: Option<String>,
    /// True when its customers need a VAT zone.
    pub requires_vat_zone: bool,
    /// The payment method of its customers.
    pub payment_method: String,
}

/// A payment method.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentMethod {
    /// Its id.
    pub id: String,
    /// Name that people know it by.
    pub description: String,
    /// True when it can be used.
    pub active: bool,
}

/// A cash account: a bank account, or the clearing account of a payment provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CashAccount {
    /// Its number.
    pub number: String,
    /// Name that people know it by.
    pub description: String,
    /// The one currency that it takes; absent means any.
    #[serde(default)]
    pub currency: Option<String>,
    /// The payment methods that can be used with it; empty means all.
    #[serde(default)]
    pub methods: Vec<String>,
}

/// A supplier.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supplier {
    /// Its internal id.
    pub internal_id: u64,
    /// Its number.
    pub number: String,
    /// Its name.
    pub name: String,
    /// The organisation number.
    pub corporate_id: String,
    /// The currency of its documents.
    pub currency: String,
}

impl Chart {
    /// The account with this number.
    #[must_use]
    pub fn account(&self, number: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.number == number)
    }

    /// The VAT with this id.
    #[must_use]
    pub fn vat(&self, id: &str) -> Option<&Vat> {
        self.vats.iter().find(|vat| vat.id == id)
    }

    /// The VAT zone with this id.
    #[must_use]
    pub fn vat_zone(&self, id: &str) -> Option<&VatZone> {
        self.vat_zones.iter().find(|zone| zone.id == id)
    }

    /// The branch with this number.
    #[must_use]
    pub fn branch(&self, number: &str) -> Option<&Branch> {
        self.branches.iter().find(|branch| branch.number == number)
    }

    /// The currency with this code.
    #[must_use]
    pub fn currency(&self, id: &str) -> Option<&Currency> {
        self.currencies.iter().find(|currency| currency.id == id)
    }

    /// The terms with this id.
    #[must_use]
    pub fn terms(&self, id: &str) -> Option<&CreditTerms> {
        self.credit_terms.iter().find(|terms| terms.id == id)
    }

    /// The payment method with this id.
    #[must_use]
    pub fn payment_method(&self, id: &str) -> Option<&PaymentMethod> {
        self.payment_methods.iter().find(|method| method.id == id)
    }

    /// The class with this id.
    #[must_use]
    pub fn class(&self, id: &str) -> Option<&CustomerClass> {
        self.customer_classes.iter().find(|class| class.id == id)
    }
}
