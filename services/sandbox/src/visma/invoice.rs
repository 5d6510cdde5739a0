//! A customer invoice, and how it is read.

use std::sync::OnceLock;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::books::Stamps;
use super::clock;
use super::config::Config;
use super::customer::{Address, Contact, number};
use super::list::{self, Row};
use super::query::Query;
use super::totals::round;

/// The states of an invoice that occur here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// A draft.
    Hold,
    /// Ready to be released.
    Balanced,
    /// Released: it can neither be changed nor deleted.
    Open,
}

/// A line of an invoice. Amounts are in the document's currency.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) line_number: i64,
    pub(super) inventory: Option<String>,
    pub(super) description: Option<String>,
    pub(super) quantity: Decimal,
    pub(super) uom: Option<String>,
    pub(super) unit_price: Decimal,
    pub(super) manual_amount: Option<Decimal>,
    pub(super) discount_percent: Decimal,
    pub(super) discount_amount: Decimal,
    /// The amount after the discount, without VAT.
    pub(super) amount: Decimal,
    pub(super) account: String,
    pub(super) vat: String,
    /// The values of the subaccount's segments, by segment id.
    pub(super) segments: Vec<(i64, String)>,
    pub(super) branch: String,
    pub(super) note: Option<String>,
}

/// The VAT of one code. Amounts are in the document's currency.
#[derive(Clone, Debug)]
pub(super) struct Tax {
    pub(super) id: String,
    pub(super) rate: Decimal,
    pub(super) taxable: Decimal,
    pub(super) vat: Decimal,
}

/// The totals of an invoice, in the document's currency.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    pub(super) detail: Decimal,
    pub(super) discount: Decimal,
    pub(super) taxable: Decimal,
    pub(super) exempt: Decimal,
    pub(super) vat: Decimal,
    pub(super) rounding: Decimal,
    pub(super) total: Decimal,
}

/// A customer invoice.
#[derive(Clone, Debug)]
pub(super) struct Invoice {
    pub(super) id: u64,
    pub(super) number: String,
    pub(super) customer: String,
    pub(super) customer_name: String,
    pub(super) status: Status,
    pub(super) document_date: Date,
    pub(super) due_date: Date,
    pub(super) period: String,
    pub(super) currency: String,
    pub(super) exchange_rate: Decimal,
    pub(super) credit_terms: String,
    pub(super) payment_method: String,
    pub(super) branch: String,
    pub(super) vat_zone: Option<String>,
    pub(super) external_reference: Option<String>,
    pub(super) customer_ref_number: Option<String>,
    pub(super) payment_reference: Option<String>,
    pub(super) customer_project: Option<String>,
    pub(super) text: Option<String>,
    pub(super) note: Option<String>,
    pub(super) dont_print: bool,
    pub(super) dont_email: bool,
    pub(super) send_to_auto_invoice: bool,
    pub(super) address: Address,
    pub(super) contact: Contact,
    pub(super) lines: Vec<Line>,
    /// VAT amounts that the caller has set, by code: taxable amount and VAT.
    pub(super) pinned: Vec<(String, Option<Decimal>, Option<Decimal>)>,
    pub(super) taxes: Vec<Tax>,
    pub(super) sums: Sums,
    pub(super) stamps: Stamps,
    pub(super) rendered: OnceLock<String>,
}

/// Which parts of an invoice are shown: lists leave some out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub(super) taxes: bool,
    pub(super) address: bool,
    pub(super) note: bool,
}

impl Parts {
    /// All of them, as a read by number shows them.
    pub(super) const ALL: Self = Self { taxes: true, address: true, note: true };
    const NONE: Self = Self { taxes: false, address: false, note: false };
}

impl Status {
    /// The name in the API.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hold => "Hold",
            Self::Balanced => "Balanced",
            Self::Open => "Open",
        }
    }
}

impl Invoice {
    /// The invoice as JSON.
    pub(super) fn shown(&self, config: &Config, parts: Parts) -> Value {
        let chart = &config.chart;
        let described = |id: &str, description: Option<&String>| json!({ "id": id, "description": description });
        let terms = chart.terms(&self.credit_terms).map(|terms| &terms.description);
        let zone = self.vat_zone.as_deref().and_then(|id| chart.vat_zone(id)).map(|zone| &zone.description);
        let lines: Vec<Value> = self.lines.iter().map(|line| self.shown_line(line, config)).collect();
        let mut shown = json!({
            "documentType": "Invoice", "referenceNumber": self.number,
            "status": self.status.name(), "hold": self.status == Status::Hold,
            "customer": { "number": self.customer, "name": self.customer_name },
            "documentDate": day(self.document_date), "documentDueDate": day(self.due_date),
            "cashDiscountDate": day(self.document_date), "origInvoiceDate": day(self.document_date),
            "postPeriod": self.period, "financialPeriod": self.period,
            "currencyId": self.currency, "exchangeRate": number(scaled(self.exchange_rate, 8)),
            "creditTerms": described(&self.credit_terms, terms),
            "customerVatZone": described(self.vat_zone.as_deref().unwrap_or_default(), zone),
            "paymentMethod": { "id": self.payment_method, "description": self.payment_method },
            "externalReference": self.external_reference, "customerRefNumber": self.customer_ref_number,
            "paymentReference": self.payment_reference, "customerProject": self.customer_project,
            "invoiceText": self.text,
            "dontPrint": self.dont_print, "dontEmail": self.dont_email,
            "sendToAutoInvoice": self.send_to_auto_invoice,
            "invoiceLines": lines,
            "location": { "countryId": self.address.country, "id": "Main", "name": "Primary Location" },
            "branchNumber": self.shown_branch(&self.branch, config),
            "account": { "type": "Asset", "number": "1500", "description": "Kundefordringer" },
            "createdDateTime": clock::shown(self.stamps.created),
            "lastModifiedDateTime": clock::shown(self.stamps.modified),
            "timeStamp": self.stamps.time_stamp(), "errorInfo": "",
        });
        if let Some(into) = shown.as_object_mut() {
            self.show_sums(into, config);
            if parts.taxes {
                into.insert("taxDetails".to_owned(), self.shown_taxes(config));
            }
            if parts.address {
                into.insert("invoiceAddress".to_owned(), self.address.shown(self.id));
                into.insert("invoiceContact".to_owned(), self.contact.shown(self.id));
            }
            if parts.note {
                into.insert("note".to_owned(), json!(self.note));
            }
        }
        shown
    }

    /// Every total twice: in the base currency, and in the document's.
    fn show_sums(&self, into: &mut Map<String, Value>, config: &Config) {
        let balance = if self.status == Status::Hold { Decimal::ZERO } else { self.sums.total };
        for (name, amount) in [
            ("amount", self.sums.total),
            ("balance", balance),
            ("vatTotal", self.sums.vat),
            ("vatTaxableTotal", self.sums.taxable),
            ("vatExemptTotal", self.sums.exempt),
            ("detailTotal", self.sums.detail),
            ("discountTotal", self.sums.discount),
            ("cashDiscount", Decimal::ZERO),
        ] {
            into.insert(name.to_owned(), self.in_base(amount, config));
            into.insert(format!("{name}InCurrency"), number(scaled(amount, 4)));
        }
        into.insert("roundingDiff".to_owned(), number(scaled(self.sums.rounding, 4)));
    }

    fn in_base(&self, amount: Decimal, config: &Config) -> Value {
        let decimals = config.chart.currencies.first().map_or(2, |currency| currency.decimals);
        number(scaled(round(amount * self.exchange_rate, decimals), 4))
    }

    fn shown_taxes(&self, config: &Config) -> Value {
        let shown = |(place, tax): (usize, &Tax)| {
            let description = config.chart.vat(&tax.id).map(|vat| &vat.description);
            json!({
                "taxId": tax.id, "recordId": place + 1,
                "vatId": { "number": tax.id, "description": description },
                "vatRate": number(tax.rate),
                "taxableAmount": number(scaled(tax.taxable, 4)), "vatAmount": number(scaled(tax.vat, 4)),
            })
        };
        self.taxes.iter().enumerate().map(shown).collect()
    }

    fn shown_branch(&self, branch: &str, config: &Config) -> Value {
        json!({ "number": branch, "name": config.chart.branch(branch).map(|branch| &branch.name) })
    }

    fn shown_line(&self, line: &Line, config: &Config) -> Value {
        let account = config.chart.account(&line.account);
        let vat = config.chart.vat(&line.vat).map(|vat| &vat.description);
        json!({
            "lineType": "GN", "lineNumber": line.line_number,
            "inventoryNumber": line.inventory, "description": line.description,
            "quantity": number(scaled(line.quantity, 6)), "uom": line.uom,
            "unitPrice": number(scaled(line.unit_price * self.exchange_rate, 6)),
            "unitPriceInCurrency": number(scaled(line.unit_price, 6)),
            "manualAmount": self.in_base(line.manual_amount.unwrap_or_default(), config),
            "manualAmountInCurrency": number(scaled(line.manual_amount.unwrap_or_default(), 4)),
            "amount": self.in_base(line.amount, config), "amountInCurrency": number(scaled(line.amount, 4)),
            "account": {
                "type": account.map(|account| account.kind), "number": line.account,
                "description": account.map(|account| &account.description),
            },
            "vatCode": { "id": line.vat, "description": vat },
            "discountPercent": number(scaled(line.discount_percent, 6)),
            "discountAmount": self.in_base(line.discount_amount, config),
            "discountAmountInCurrency": number(scaled(line.discount_amount, 4)),
            "manualDiscount": !line.discount_amount.is_zero(),
            "subaccount": shown_subaccount(line, config),
            "branchNumber": self.shown_branch(&line.branch, config),
            "note": line.note,
        })
    }
}

fn shown_subaccount(line: &Line, config: &Config) -> Value {
    let described = |(id, value): &(i64, String)| {
        let segment = config.chart.segments.iter().find(|segment| segment.id == *id);
        let known = segment.and_then(|segment| segment.values.iter().find(|known| known.id == *value));
        json!({
            "segmentId": id, "segmentDescription": segment.map(|segment| &segment.description),
            "segmentValue": value, "segmentValueDescription": known.map(|known| &known.description),
        })
    };
    let values: Vec<&str> = line.segments.iter().map(|(_, value)| value.as_str()).collect();
    json!({
        "subaccountNumber": values.join("-"), "active": true,
        "segments": line.segments.iter().map(described).collect::<Vec<_>>(),
    })
}

/// A date as the DTOs show it: midnight of the day.
pub(super) fn day(date: Date) -> String {
    format!("{date}T00:00:00")
}

/// The number with at least so many decimals: the digits that Visma shows.
fn scaled(value: Decimal, decimals: u32) -> Decimal {
    let mut scaled = value;
    scaled.rescale(decimals);
    scaled
}

impl Row for Invoice {
    fn place(&self) -> u64 {
        self.id
    }

    fn open_object(&self, config: &Config, query: &Query) -> String {
        let parts = Parts {
            taxes: query.flag("expandtaxdetails"),
            address: query.flag("expandinvoiceaddress"),
            note: query.flag("expandnote"),
        };
        if parts.taxes || parts.address || parts.note {
            return list::opened(&self.shown(config, parts));
        }
        self.rendered.get_or_init(|| list::opened(&self.shown(config, Parts::NONE))).clone()
    }
}
