//! A customer document as it is read.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{Application, Document, Line, Parts, Status, Tax};
use crate::visma::clock;
use crate::visma::config::Config;
use crate::visma::list::{self, Row};
use crate::visma::query::Query;
use crate::visma::text::{day, money, number, round, scaled};

impl Document {
    /// The invoice as JSON.
    pub(in crate::visma) fn shown(&self, config: &Config, parts: Parts) -> Value {
        let chart = &config.chart;
        let described = |id: &str, description: Option<&String>| json!({ "id": id, "description": description });
        let terms = chart.terms(&self.credit_terms).map(|terms| &terms.description);
        let zone = self.vat_zone.as_deref().and_then(|id| chart.vat_zone(id)).map(|zone| &zone.description);
        let lines: Vec<Value> = self.lines.iter().map(|line| self.shown_line(line, config)).collect();
        let mut shown = json!({
            "documentType": self.kind.name(), "referenceNumber": self.number,
            "status": self.status.name(), "hold": self.status == Status::Hold,
            "customer": { "number": self.customer, "name": self.customer_name },
            "documentDate": day(self.document_date), "documentDueDate": day(self.due_date),
            "cashDiscountDate": day(self.document_date), "origInvoiceDate": day(self.orig_date.unwrap_or(self.document_date)),
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
            "location": { "countryId": self.address.country, "id": "Main", "name": "Primary Location" },
            "branchNumber": self.shown_branch(&self.branch, config),
            "account": { "type": "Asset", "number": "1500", "description": "Kundefordringer" },
            "createdDateTime": clock::shown(self.stamps.created),
            "lastModifiedDateTime": clock::shown(self.stamps.modified),
            "timeStamp": self.stamps.time_stamp(), "errorInfo": "",
        });
        if let Some(into) = shown.as_object_mut() {
            into.insert(self.kind.lines().to_owned(), Value::Array(lines));
            self.show_sums(into, config);
            if parts.taxes {
                into.insert("taxDetails".to_owned(), self.shown_taxes(config));
            }
            if parts.address {
                into.insert("invoiceAddress".to_owned(), self.address.shown(self.id));
                into.insert("invoiceContact".to_owned(), self.contact.shown(self.id));
            }
            if parts.applications {
                let applications = self.applications.iter().map(|one| self.shown_application(one)).collect();
                into.insert("applications".to_owned(), Value::Array(applications));
            }
            if parts.note {
                into.insert("note".to_owned(), json!(self.note));
            }
        }
        shown
    }

    /// Every total twice: in the base currency, and in the document's.
    fn show_sums(&self, into: &mut Map<String, Value>, config: &Config) {
        for (name, amount) in [
            ("amount", self.sums.total),
            ("balance", self.balance()),
            ("vatTotal", self.sums.vat),
            ("vatTaxableTotal", self.sums.taxable),
            ("vatExemptTotal", self.sums.exempt),
            ("detailTotal", self.sums.detail),
            ("discountTotal", self.sums.discount),
            ("cashDiscount", Decimal::ZERO),
        ] {
            into.insert(name.to_owned(), self.in_base(amount, config));
            into.insert(format!("{name}InCurrency"), money(amount));
        }
        into.insert("roundingDiff".to_owned(), money(self.sums.rounding));
    }

    /// `ArAdjustDto`: the document at the other end.
    fn shown_application(&self, application: &Application) -> Value {
        json!({
            "docType": application.entity.document_type(), "refNbr": application.number,
            "customerCD": self.customer, "amountPaid": money(application.amount),
            "cashDiscountTaken": 0, "balance": money(self.balance()), "released": application.released,
            "hold": false, "voided": false, "applicationDate": day(self.document_date),
            "applicationPeriod": self.period,
        })
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
                "taxableAmount": money(tax.taxable), "vatAmount": money(tax.vat),
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
            "manualAmountInCurrency": money(line.manual_amount.unwrap_or_default()),
            "amount": self.in_base(line.amount, config), "amountInCurrency": money(line.amount),
            "account": {
                "type": account.map(|account| account.kind), "number": line.account,
                "description": account.map(|account| &account.description),
            },
            "vatCode": { "id": line.vat, "description": vat },
            "discountPercent": number(scaled(line.discount_percent, 6)),
            "discountAmount": self.in_base(line.discount_amount, config),
            "discountAmountInCurrency": money(line.discount_amount),
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

impl Row for Document {
    fn place(&self) -> u64 {
        self.id
    }

    fn open_object(&self, config: &Config, query: &Query) -> String {
        let parts = Parts {
            taxes: query.flag("expandtaxdetails"),
            address: query.flag("expandinvoiceaddress"),
            note: query.flag("expandnote"),
            applications: query.flag("expandapplications"),
        };
        if parts != Parts::NONE {
            return list::opened(&self.shown(config, parts));
        }
        self.rendered.get_or_init(|| list::opened(&self.shown(config, Parts::NONE))).clone()
    }
}
