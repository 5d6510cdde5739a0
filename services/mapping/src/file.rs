//! The mapping file: an accountant's decisions as TOML, checked as a whole when it is loaded.
//!
//! A mapping file that loads can be used: every key is known, every value has its type, every pattern is a pattern,
//! and what contradicts itself is refused. All that is wrong is told at once, each with its key path and line, because
//! the person who mends it has more to do than to find one error per start. The shipped file [`DEFAULT`] is documented
//! key by key and is the reference for this format.

mod check;
mod fee;
mod problem;
mod read;
mod rule;
mod sales_order;
mod section;
mod tax;
mod vat_codes;

use std::collections::BTreeMap;

use globset::GlobSet;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

pub(crate) use problem::called;
pub use problem::{Problem, Problems};

use crate::decision::Field;
use crate::document::DocumentKind;
use crate::fee::FeeRule;
use crate::rules::{Facts, Place, Rules};
use read::{Reader, Table};
pub(crate) use sales_order::SalesOrder;
pub(crate) use section::VAT_LIMIT;

/// The shipped mapping file: a Nordic shop that keeps its books in NOK.
pub const DEFAULT: &str = include_str!("default.toml");

/// Top-level keys of a mapping file.
const KEYS: [&str; 22] = [
    "version",
    "company",
    "currency",
    "payment",
    "invoice",
    "customer",
    "totals",
    "store",
    "tax_class",
    "tax_code",
    "fee",
    "account",
    "vat",
    "vat_codes",
    "vat_exception",
    "dimension",
    "branch",
    "customer_class",
    "terms",
    "vat_zone",
    "payments",
    "sales_order",
];

/// A mapping file, read and checked.
#[derive(Debug, Clone)]
pub struct Mapping {
    version: String,
    /// Where its sections and their keys stand.
    places: Vec<Place>,
    pub(crate) base_currency: String,
    pub(crate) time_zone: TimeZone,
    pub(crate) currencies: BTreeMap<String, Currency>,
    pub(crate) payment: Payment,
    pub(crate) invoice: InvoiceSettings,
    pub(crate) customers: Customers,
    pub(crate) totals: Totals,
    pub(crate) stores: Vec<Store>,
    pub(crate) tax_classes: Vec<TaxClass>,
    pub(crate) tax_codes: Vec<TaxCode>,
    pub(crate) fees: Vec<FeeRule>,
    pub(crate) accounts: Rules<String>,
    pub(crate) vat: Rules<VatCode>,
    pub(crate) vat_exceptions: Rules<VatException>,
    pub(crate) dimensions: BTreeMap<u32, Rules<String>>,
    pub(crate) branches: Rules<String>,
    pub(crate) customer_classes: Rules<String>,
    pub(crate) terms: Rules<String>,
    pub(crate) vat_zones: Rules<String>,
    pub(crate) payments: Rules<Settlement>,
    pub(crate) sales_orders: Vec<SalesOrder>,
}

/// A currency that orders may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Currency {
    /// Places behind the point.
    pub(crate) decimals: u32,
    pub(crate) exchange_rate: ExchangeRate,
    /// Largest amount of the rounding line, in this currency.
    pub(crate) rounding_limit: Decimal,
    /// Largest difference of VAT of a code, in this currency.
    pub(crate) vat_limit: Decimal,
}

/// Where the rate of a foreign order comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExchangeRate {
    /// Visma's own rate of the document date.
    Visma,
    /// The rate that the shop used, sent with the invoice.
    Order,
}

/// Which payment methods are known.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) methods: GlobSet,
    /// Those among them that are questions of a first file.
    pub(crate) questions: Vec<String>,
    pub(crate) accept_others: bool,
}

/// How invoices are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvoiceSettings {
    pub(crate) reference_prefix: String,
    pub(crate) hold: bool,
    pub(crate) discount: Discount,
    pub(crate) closed_period: ClosedPeriod,
}

/// Treatment of a document whose date is in a closed period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClosedPeriod {
    /// It is refused, and a person decides.
    Refuse,
    /// It keeps its date and is posted in the next period that is open.
    NextOpen,
}

/// Where a discount stands on the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Discount {
    /// Item lines are net of it.
    Net,
    /// Item lines are before discount, and one line per VAT code takes the discount off.
    Line,
    /// As `Net`; a discount that the shop did not take off what it taxed is a line outside of VAT.
    OutsideVat,
}

/// How customers are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Customers {
    pub(crate) guests: Guests,
    /// True when an account is a customer before it has bought anything.
    pub(crate) create_registered: bool,
    /// Fields of a customer in Visma that the shop owns.
    pub(crate) owned: Vec<Field>,
    /// Sources of a customer's name: the first of these that there is.
    pub(crate) name: Vec<NameOf>,
}

/// Where a customer's name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameOf {
    /// The company in the address that bills go to, or the company account (B2B).
    Company,
    /// The person whose account it is.
    Account,
    /// The person in the address that bills go to.
    Billing,
}

/// How what was paid by a method is settled in Visma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settlement {
    /// Visma's payment method.
    pub(crate) method: String,
    /// The clearing or cash account.
    pub(crate) cash_account: String,
}

/// Whose invoices guests get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Guests {
    /// One Visma customer per e-mail.
    Each,
    /// One Visma customer for all, by its number.
    Collective(String),
}

/// How Visma's total is predicted, and how far it may be from the order's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) vat_on: VatOn,
    pub(crate) pin_vat: PinVat,
    /// Largest amount of the rounding line in a currency of two decimals. Each currency has its own in [`Currency`].
    pub(crate) rounding_limit: Decimal,
    /// Largest difference of a VAT code, in the order's currency.
    pub(crate) vat_limit: Decimal,
}

/// Documents on which the VAT that the shop charged is set, to stand there instead of what Visma computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PinVat {
    /// On every document: Visma is known to keep it.
    Always,
    /// Where it differs from what Visma computes, and by no more than the limits: such a document shows whether Visma
    /// keeps it, and is within the limits either way.
    Try,
    /// On none: Visma is known to compute its own.
    Never,
}

/// How far a document in Visma may be from the shop's, in the document's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The rounding line.
    pub(crate) rounding: Decimal,
    /// VAT of a code.
    pub(crate) vat: Decimal,
    /// The smallest amount that the shop rounds to.
    pub(crate) unit: Decimal,
}

/// Amount that Visma rounds VAT on. Visma publishes no rule, so the company finds out and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VatOn {
    /// Once per VAT code, on the sum of its lines.
    Document,
    /// Line by line.
    Line,
}

/// A store view of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Store {
    pub(crate) id: u64,
    pub(crate) code: String,
    pub(crate) website: Option<u64>,
}

/// A tax class by what shows of it on an order.
#[derive(Debug, Clone)]
pub(crate) struct TaxClass {
    pub(crate) name: String,
    pub(crate) tax_codes: GlobSet,
    pub(crate) skus: GlobSet,
}

/// Codes of the shop's tax rates that charge the VAT of a country.
#[derive(Debug, Clone)]
pub(crate) struct TaxCode {
    pub(crate) codes: GlobSet,
    pub(crate) country: String,
}

/// How a line is booked whose tax its rate does not explain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VatException {
    /// Kinds of documents that it speaks of; empty for all.
    pub(crate) documents: Vec<DocumentKind>,
    /// Why such lines are right, for the accountant.
    pub(crate) reason: String,
    pub(crate) book: BookVat,
}

/// Treatment of the base that the tax does not explain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BookVat {
    /// It stands on this VAT code of 0 %.
    Untaxed(String),
    /// It contains the VAT that was not charged.
    Included,
}

/// A VAT id of Visma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VatCode {
    pub(crate) code: String,
    /// Rate in percent that Visma computes with.
    pub(crate) rate: Decimal,
}

impl Mapping {
    /// Checks whether payments are booked at all.
    #[must_use]
    pub fn settles(&self) -> bool {
        !self.payments.0.is_empty()
    }

    /// Reads and checks a mapping file.
    ///
    /// # Errors
    /// With everything that is wrong in it, not only the first thing.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        match Self::parse_as_far(text) {
            (Some(mapping), problems) if problems.is_empty() => Ok(mapping),
            (_, problems) => Err(Problems(problems)),
        }
    }

    /// Reads a mapping file as far as it can be read: what is right of it, without the rules that are wrong, and what
    /// is wrong. There is nothing right of a file that is no TOML or lacks a key that has to be there. For looking at
    /// it only: a file with something wrong decides nothing.
    #[must_use]
    pub fn parse_as_far(text: &str) -> (Option<Self>, Vec<Problem>) {
        let document = match toml::de::DeTable::parse(text) {
            Ok(document) => document,
            Err(error) => return (None, vec![Problem::syntax(text, &error)]),
        };
        let mut reader = Reader::new(text);
        let root = Table::root(document.get_ref());
        reader.known_keys(&root, &KEYS);
        let places = reader.places(&root);
        let mapping = section::mapping(&mut reader, &root);
        let version = |own: &str| format!("{own}+{}", fingerprint(text));
        let mapping = mapping.map(|mapping| Self { version: version(&mapping.version), places, ..mapping });
        (mapping, reader.finish())
    }

    /// Where a section, or a key of one, stands.
    pub(crate) fn place(&self, path: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.path == path)
    }

    /// The version that the file gives itself, and a fingerprint of its content: `2026-1+9f86d081884c`.
    ///
    /// Comments, blank lines, indentation and line ends do not count, so that a comment makes no new version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The time zone of the company's calendar: document dates and the go-live date are in it.
    pub fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// Returns the text that every reference of ours in Visma begins with.
    pub fn reference_prefix(&self) -> &str {
        &self.invoice.reference_prefix
    }

    /// How far a document in this currency may be from the shop's.
    pub(crate) fn limits(&self, currency: Currency) -> Limits {
        // Commerce rounds to two places in every currency; a shop may round to whole units where there are no others.
        let unit = Decimal::new(1, currency.decimals.min(2));
        Limits { rounding: currency.rounding_limit, vat: currency.vat_limit, unit }
    }

    /// The store view with this id.
    pub(crate) fn store(&self, id: u64) -> Option<&Store> {
        self.stores.iter().find(|store| store.id == id)
    }

    /// The segments of the subaccount in order, each with its rules.
    pub(crate) fn segments(&self, facts: &Facts<'_>) -> Vec<(u32, Option<&String>)> {
        self.dimensions.iter().map(|(segment, rules)| (*segment, rules.find(facts))).collect()
    }
}

/// The first twelve hex digits of the SHA-256 over the lines that say something.
fn fingerprint(text: &str) -> String {
    let mut hash = Sha256::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    let mut digits = hex::encode(hash.finalize());
    digits.truncate(12);
    digits
}
