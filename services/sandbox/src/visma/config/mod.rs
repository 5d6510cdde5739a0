//! How the simulated Visma.net behaves.
//!
//! Where Visma publishes no rule, both answers are playable: each such setting names its two. All of it can be
//! changed at run time through the control API, as a JSON merge patch (RFC 7386).

mod choices;

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::chart::{Chart, VatZone};
use super::clock;

pub use choices::{
    CompanyHeader, CustomerNumbering, LineWithoutOperation, ListOrder, PeriodFormat, ReleaseAnswer, TaxDetailLines,
    VatRounding, WrongCompany,
};

/// The VAT ids that belong to the zones of the default company.
const USUAL: [(&str, &[&str]); 3] = [
    ("01", &["3", "31", "33", "5", "6"]),
    ("02", &["SE25", "SE12", "SE06", "DK25", "FI255", "FI14", "FI10", "FI24", "52", "6"]),
    ("03", &["52", "6"]),
];

/// How the simulated Visma.net behaves. Decimals are strings in its JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The OAuth client that may ask for tokens.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The company's tenant id: the one that works.
    pub tenant_id: String,
    /// The customer's tenant id: tokens are given for it, and the API answers 401 to them.
    pub customer_tenant_id: String,
    /// How long a token lives, in seconds.
    pub token_seconds: u64,
    /// Says whether `ipp-company-id` is looked at.
    pub company_header: CompanyHeader,
    /// The company's number in that header.
    pub company_id: String,
    /// Result of a wrong number in that header.
    pub wrong_company: WrongCompany,
    /// The scheme and host that `Location` names, whatever host was asked.
    pub location_base: String,
    /// Text that our references start with; the ledger matches orders by it.
    pub reference_prefix: String,
    /// Resources that the application has no right to, as paths name them (`customerinvoice`), or one method of them
    /// (`POST customerinvoice`): 403.
    pub forbidden: BTreeSet<String>,
    /// True when the envelope of credit terms stands in an array of one, as one client saw it.
    pub envelope_in_array: bool,
    /// The largest page; a larger `pageSize` is limited to it in silence.
    pub max_page_size: usize,
    /// Says whether the order of a list holds from page to page.
    pub list_order: ListOrder,
    /// How long a new record stays invisible in lists, in milliseconds.
    pub list_lag_ms: u64,
    /// Calls that one window allows.
    pub rate_limit: u64,
    /// The length of the fixed window, in milliseconds.
    pub rate_window_ms: u64,
    /// Time that every API call takes longer, in milliseconds.
    pub latency_ms: u64,
    /// The time zone of the server's wall clock: a POSIX string, or a name where a time zone database is installed.
    pub clock_zone: String,
    /// The server's clock ahead of the real one, in milliseconds.
    pub clock_ahead_ms: i64,
    /// The business date of new documents without a date; absent means the server's day.
    pub today: Option<Date>,
    /// How VAT amounts are rounded.
    pub vat_rounding: VatRounding,
    /// Effect of `taxDetailLines`.
    pub tax_detail_lines: TaxDetailLines,
    /// True when a VAT zone that lists no VAT ids takes only those of its kind: domestic, EU, abroad. A document has
    /// the zone that it names, else its customer's.
    pub vat_zone_check: bool,
    /// Documents are rounded to the nearest multiple of this, with `roundingDiff`; absent means never.
    pub document_rounding: Option<Decimal>,
    /// Decimals that a unit price keeps.
    pub unit_price_decimals: u32,
    /// Fate of an invoice line without `operation`.
    pub line_without_operation: LineWithoutOperation,
    /// True when a line on an account needs a subaccount at all. An incomplete one is always refused.
    pub subaccount_required: bool,
    /// True when a second document with the same `externalReference` is refused.
    pub unique_external_reference: bool,
    /// True when a new invoice without `hold` is on hold.
    pub hold_by_default: bool,
    /// How long a release takes after its answer, in milliseconds; 0 means that it is done before.
    pub release_ms: u64,
    /// Answer to a release; one that takes no time and does not fail is `Done`.
    pub release_answer: ReleaseAnswer,
    /// Says who numbers customers.
    pub customer_numbering: CustomerNumbering,
    /// The number of the first customer.
    pub first_customer_number: u64,
    /// The number of the first invoice.
    pub first_invoice_number: u64,
    /// The number of the first credit note: a series of its own.
    pub first_credit_note_number: u64,
    /// The number of the first customer payment or refund.
    pub first_payment_number: u64,
    /// The number of the first supplier invoice of each type.
    pub first_supplier_invoice_number: u64,
    /// The number of the first purchase order.
    pub first_purchase_order_number: u64,
    /// How `period` of a financial period is written.
    pub period_format: PeriodFormat,
    /// The periods that are closed in the customer ledger, as `YYYYMM`.
    pub closed_periods: BTreeSet<String>,
    /// The company's own data: accounts, VAT codes and so on.
    pub chart: Chart,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            client_id: "isv_ml_connector".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            tenant_id: "7d1c7b3e-5a53-4f0e-9f36-2f1f7b1a0c01".to_owned(),
            customer_tenant_id: "0b6f2a90-93f4-4f5c-8e0a-6a54b0a5c902".to_owned(),
            token_seconds: 3600,
            company_header: CompanyHeader::Required,
            company_id: "1234567".to_owned(),
            wrong_company: WrongCompany::EmptyLists,
            location_base: "https://api.finance.visma.net".to_owned(),
            reference_prefix: "WEB-".to_owned(),
            forbidden: BTreeSet::new(),
            envelope_in_array: false,
            max_page_size: 500,
            list_order: ListOrder::WithinPages,
            list_lag_ms: 0,
            rate_limit: 15_000,
            rate_window_ms: 3_600_000,
            latency_ms: 0,
            clock_zone: "CET-1CEST,M3.5.0,M10.5.0/3".to_owned(),
            clock_ahead_ms: 0,
            today: None,
            vat_rounding: VatRounding::PerCode,
            tax_detail_lines: TaxDetailLines::Honoured,
            vat_zone_check: false,
            document_rounding: None,
            unit_price_decimals: 6,
            line_without_operation: LineWithoutOperation::Dropped,
            subaccount_required: true,
            unique_external_reference: false,
            hold_by_default: false,
            release_ms: 200,
            release_answer: ReleaseAnswer::Queued,
            customer_numbering: CustomerNumbering::Automatic,
            first_customer_number: 10_000,
            first_invoice_number: 100_001,
            first_credit_note_number: 200_001,
            first_payment_number: 400_001,
            first_supplier_invoice_number: 300_001,
            first_purchase_order_number: 500_000,
            period_format: PeriodFormat::YearFirst,
            closed_periods: BTreeSet::new(),
            chart: Chart::default(),
        }
    }
}

impl Config {
    /// Checks that the settings make sense together.
    ///
    /// # Errors
    /// A sentence about the first that does not.
    pub fn check(&self) -> Result<(), String> {
        clock::zone(self).map(drop)
    }

    /// True when documents of this zone may use this VAT id.
    #[must_use]
    pub(super) fn takes(&self, zone: &VatZone, vat: &str) -> bool {
        if !zone.vats.is_empty() {
            return zone.vats.iter().any(|listed| listed == vat);
        }
        let usual = USUAL.iter().find(|(id, _)| *id == zone.id).filter(|_| self.vat_zone_check);
        usual.is_none_or(|(_, vats)| vats.contains(&vat))
    }

    /// True when the application may call this method of this path.
    #[must_use]
    pub(super) fn permits(&self, method: &str, path: &str) -> bool {
        let resource = path.trim_matches('/').split('/').nth(1).unwrap_or_default();
        let names = |forbidden: &String| match forbidden.split_once(' ') {
            Some((verb, name)) => verb.eq_ignore_ascii_case(method) && name.eq_ignore_ascii_case(resource),
            None => forbidden.eq_ignore_ascii_case(resource),
        };
        !self.forbidden.iter().any(names)
    }
}

/// Applies a JSON merge patch (RFC 7386).
pub(crate) fn merge(target: &mut serde_json::Value, patch: serde_json::Value) {
    use serde_json::Value;
    match patch {
        Value::Object(fields) => {
            if !target.is_object() {
                *target = Value::Object(serde_json::Map::new());
            }
            if let Some(into) = target.as_object_mut() {
                for (name, value) in fields {
                    if value.is_null() {
                        into.remove(&name);
                    } else {
                        merge(into.entry(name).or_insert(Value::Null), value);
                    }
                }
            }
        }
        other => *target = other,
    }
}
