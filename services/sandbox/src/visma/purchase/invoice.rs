//! Supplier invoices, whose lines can name a purchase order.

use jiff::Span;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{InputVat, StoredRecord, rate, supplier};
use crate::visma::books::Books;
use crate::visma::clock;
use crate::visma::config::Config;
use crate::visma::list::{self, Row};
use crate::visma::query::Query;
use crate::visma::text::{day, money, number, round, scaled};

const TYPES: [&str; 4] = ["Invoice", "CreditAdj", "DebitAdj", "Prepayment"];
const STATUSES: [&str; 9] =
    ["Hold", "Balanced", "Voided", "Scheduled", "Open", "Closed", "Printed", "Prebooked", "Reserved"];

/// A supplier invoice, in the form of the test's door.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupplierInvoice {
    /// `Invoice`, `CreditAdj`, `DebitAdj` or `Prepayment`.
    pub document_type: String,
    /// Its number; absent means the next of the series. Types do not share their numbers.
    pub number: Option<String>,
    /// Its status, as the API names it.
    pub status: String,
    /// The supplier's number.
    pub supplier: String,
    /// The number on the supplier's own paper.
    pub supplier_reference: Option<String>,
    /// Its date; absent means today.
    pub date: Option<Date>,
    /// Text that people wrote about it.
    pub description: Option<String>,
    /// The note on the document.
    pub note: Option<String>,
    /// Its currency; absent means the supplier's.
    pub currency: Option<String>,
    /// Amount of it that has been paid.
    pub paid: Decimal,
    /// Its lines.
    pub lines: Vec<InvoiceLine>,
}

/// A line of a supplier invoice.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InvoiceLine {
    /// The item.
    pub inventory: Option<String>,
    /// Text that says what it is.
    pub description: String,
    /// How much.
    pub quantity: Decimal,
    /// The cost of one.
    pub unit_cost: Decimal,
    /// The account.
    pub account: String,
    /// The VAT id.
    pub vat: String,
    /// `poNumber`: the purchase order that it is for.
    pub po_number: Option<String>,
    /// `poLineNr`: the line there.
    pub po_line: Option<i64>,
    /// `poReceiptNbr`: the receipt of the goods.
    pub po_receipt: Option<String>,
}

impl Default for SupplierInvoice {
    fn default() -> Self {
        Self {
            document_type: "Invoice".to_owned(),
            number: None,
            status: "Open".to_owned(),
            supplier: "50000".to_owned(),
            supplier_reference: None,
            date: None,
            description: None,
            note: None,
            currency: None,
            paid: Decimal::ZERO,
            lines: vec![InvoiceLine::default()],
        }
    }
}

impl Default for InvoiceLine {
    fn default() -> Self {
        Self {
            inventory: None,
            description: "Vare".to_owned(),
            quantity: Decimal::ONE,
            unit_cost: Decimal::ONE_HUNDRED,
            account: "4300".to_owned(),
            vat: "1".to_owned(),
            po_number: None,
            po_line: None,
            po_receipt: None,
        }
    }
}

impl SupplierInvoice {
    /// Checks that all that it names exists.
    pub(super) fn check(&self, books: &Books) -> Result<(), String> {
        supplier(&books.config, &self.supplier)?;
        if !TYPES.contains(&self.document_type.as_str()) {
            return Err(format!("there is no document type {}", self.document_type));
        }
        if !STATUSES.contains(&self.status.as_str()) {
            return Err(format!("a supplier invoice has no status {}", self.status));
        }
        let mut named = self.lines.iter().filter_map(|line| line.po_number.as_ref());
        match named.find(|number| !books.purchases.orders.contains_key(*number)) {
            Some(number) => Err(format!("there is no purchase order {number}")),
            None => Ok(()),
        }
    }

    /// The number, which a held invoice always has.
    pub(in crate::visma) fn nbr(&self) -> &str {
        self.number.as_deref().unwrap_or_default()
    }

    /// True when it is posted.
    pub(in crate::visma) fn released(&self) -> bool {
        matches!(self.status.as_str(), "Open" | "Closed")
    }

    /// The day on which it shall be paid.
    pub(in crate::visma) fn due(&self) -> Option<Date> {
        self.date.map(|date| date.checked_add(Span::new().days(30)).unwrap_or(date))
    }

    /// The period into which it is posted, as `YYYYMM`.
    pub(in crate::visma) fn period(&self) -> Option<String> {
        self.date.map(|date| date.strftime("%Y%m").to_string())
    }

    /// Amount left to pay.
    pub(in crate::visma) fn balance(&self, config: &Config) -> Decimal {
        let (net, vat) = self.sums(config);
        net + vat.total() - self.paid
    }

    fn sums(&self, config: &Config) -> (Decimal, InputVat) {
        let mut vat = InputVat::default();
        for line in &self.lines {
            vat.add(&line.vat, line.cost(), config);
        }
        (self.lines.iter().map(InvoiceLine::cost).sum(), vat)
    }
}

impl InvoiceLine {
    fn cost(&self) -> Decimal {
        round(self.quantity * self.unit_cost, 2)
    }

    fn shown(&self, line_number: usize, rate: Decimal, config: &Config) -> Value {
        let account = config.chart.account(&self.account);
        let vat = config.chart.vat(&self.vat).map(|vat| &vat.description);
        json!({
            "lineNumber": line_number, "inventoryNumber": self.inventory, "transactionDescription": self.description,
            "quantity": number(scaled(self.quantity, 6)), "uom": "STK",
            "unitCost": number(scaled(self.unit_cost * rate, 6)),
            "unitCostInCurrency": number(scaled(self.unit_cost, 6)),
            "cost": money(round(self.cost() * rate, 2)), "costInCurrency": money(self.cost()),
            "account": {
                "type": account.map(|account| account.kind), "number": self.account,
                "description": account.map(|account| &account.description),
            },
            "vatCode": { "id": self.vat, "description": vat },
            "poNumber": self.po_number, "poLineNr": self.po_line, "poReceiptNbr": self.po_receipt,
            "poReceiptLineNbr": self.po_receipt.as_ref().and(self.po_line),
            "branchNumber": { "number": "1", "name": config.chart.branch("1").map(|branch| &branch.name) },
        })
    }
}

impl StoredRecord<SupplierInvoice> {
    /// The invoice as JSON; lists show the note only when it is asked for.
    pub(in crate::visma) fn shown(&self, config: &Config, with_note: bool) -> Value {
        let invoice = &self.content;
        let supplier = supplier(config, &invoice.supplier).ok();
        let currency = invoice.currency.as_ref().or(supplier.map(|one| &one.currency)).cloned().unwrap_or_default();
        let rate = rate(config, &currency);
        let (net, vat) = invoice.sums(config);
        let lines = invoice.lines.iter().zip(1..).map(|(line, nbr)| line.shown(nbr, rate, config));
        let mut shown = json!({
            "documentType": invoice.document_type, "referenceNumber": invoice.number, "status": invoice.status,
            "hold": invoice.status == "Hold", "approvalStatus": "New",
            "supplier": { "number": invoice.supplier, "name": supplier.map(|one| &one.name) },
            "supplierReference": invoice.supplier_reference, "buyerReference": null, "paymentRefNo": null,
            "date": invoice.date.map(day), "origInvoiceDate": invoice.date.map(day),
            "dueDate": invoice.due().map(day), "payDate": invoice.due().map(day),
            // The same period in two orders, as the pages say: MMYYYY and YYYYMM.
            "postPeriod": invoice.date.map(|date| date.strftime("%m%Y").to_string()),
            "financialPeriod": invoice.period(),
            "currencyId": currency, "exchangeRate": number(scaled(rate, 8)), "description": invoice.description,
            "taxCalculationMode": "TaxSetting", "taxDetailLines": vat.shown(config),
            "invoiceLines": lines.collect::<Vec<_>>(),
            "branchNumber": { "number": "1", "name": config.chart.branch("1").map(|branch| &branch.name) },
            "approvalDetails": { "attachmentID": null, "comment": null }, "documentVersionNumber": 1,
            "createdDateTime": clock::shown(self.stamps.created),
            "lastModifiedDateTime": clock::shown(self.stamps.modified),
            "timeStamp": self.stamps.time_stamp(), "errorInfo": "",
        });
        if let Some(into) = shown.as_object_mut() {
            for (name, amount) in [
                ("detailTotal", net),
                ("vatTotal", vat.total()),
                ("vatTaxableTotal", net),
                ("balance", invoice.balance(config)),
            ] {
                into.insert(name.to_owned(), money(round(amount * rate, 2)));
                into.insert(format!("{name}InCurrency"), money(amount));
            }
            into.insert("amount".to_owned(), money(net + vat.total()));
            into.insert("roundingDiff".to_owned(), money(Decimal::ZERO));
            if with_note {
                into.insert("note".to_owned(), json!(invoice.note));
            }
        }
        shown
    }
}

impl Row for StoredRecord<SupplierInvoice> {
    fn place(&self) -> u64 {
        self.id
    }

    fn open_object(&self, config: &Config, query: &Query) -> String {
        list::opened(&self.shown(config, query.flag("expandnote")))
    }
}
