//! A customer, and how it is read.

use std::sync::OnceLock;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::books::Stamps;
use super::clock;
use super::config::Config;
use super::dto::Dto;
use super::list::{self, Row};
use super::query::Query;
use super::text::number;

/// An address of a customer or an invoice.
#[derive(Clone, Debug, Default)]
pub(super) struct Address {
    pub(super) line1: Option<String>,
    pub(super) line2: Option<String>,
    pub(super) line3: Option<String>,
    pub(super) postal_code: Option<String>,
    pub(super) city: Option<String>,
    pub(super) country: Option<String>,
    pub(super) county: Option<String>,
}

/// A contact of a customer or an invoice.
#[derive(Clone, Debug, Default)]
pub(super) struct Contact {
    pub(super) name: Option<String>,
    pub(super) attention: Option<String>,
    pub(super) email: Option<String>,
    pub(super) web: Option<String>,
    pub(super) phone1: Option<String>,
    pub(super) phone2: Option<String>,
    pub(super) fax: Option<String>,
}

/// The switches of a customer that are stored and shown, and have no other effect here.
#[derive(Clone, Debug, Default)]
pub(super) struct Switches {
    pub(super) print_invoices: bool,
    pub(super) accept_auto_invoices: bool,
    pub(super) send_invoices_by_email: bool,
    pub(super) print_statements: bool,
    pub(super) send_statements_by_email: bool,
    pub(super) exclude_debt_collection: bool,
}

/// A customer.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) internal_id: u64,
    pub(super) number: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) class: String,
    pub(super) credit_terms: String,
    pub(super) currency: String,
    pub(super) credit_verification: String,
    pub(super) credit_limit: Decimal,
    pub(super) credit_days_past_due: i64,
    pub(super) vat_zone: Option<String>,
    pub(super) vat_registration_id: Option<String>,
    pub(super) corporate_id: Option<String>,
    pub(super) gln: Option<String>,
    pub(super) account_reference: Option<String>,
    pub(super) payment_method: String,
    pub(super) note: Option<String>,
    pub(super) main_address: Address,
    pub(super) main_contact: Contact,
    pub(super) invoice_address: Address,
    pub(super) invoice_contact: Contact,
    pub(super) delivery_address: Address,
    pub(super) delivery_contact: Contact,
    pub(super) attributes: Vec<(String, Option<String>)>,
    pub(super) switches: Switches,
    pub(super) stamps: Stamps,
    pub(super) rendered: OnceLock<String>,
}

impl Address {
    /// Takes over what is given.
    ///
    /// # Errors
    /// A sentence when the country is not two capital letters (ISO 3166-1 alpha-2).
    pub(super) fn change(&mut self, dto: Dto<'_>) -> Result<(), String> {
        if let Some(country) = dto.text("countryId")
            && !(country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            return Err(format!("CountryID '{country}' cannot be found in the system."));
        }
        dto.put("addressLine1", &mut self.line1);
        dto.put("addressLine2", &mut self.line2);
        dto.put("addressLine3", &mut self.line3);
        dto.put("postalCode", &mut self.postal_code);
        dto.put("city", &mut self.city);
        dto.put("countryId", &mut self.country);
        dto.put("county", &mut self.county);
        Ok(())
    }

    pub(super) fn shown(&self, id: u64) -> Value {
        let country = self.country.as_deref();
        json!({
            "addressId": id,
            "addressLine1": self.line1, "addressLine2": self.line2, "addressLine3": self.line3,
            "postalCode": self.postal_code, "city": self.city,
            "country": { "id": country.unwrap_or_default(), "name": country.map_or("", country_name) },
            "county": { "id": self.county.as_deref().unwrap_or_default(), "name": "" },
        })
    }
}

impl Contact {
    /// Takes over what is given.
    pub(super) fn change(&mut self, dto: Dto<'_>) {
        dto.put("name", &mut self.name);
        dto.put("attention", &mut self.attention);
        dto.put("email", &mut self.email);
        dto.put("web", &mut self.web);
        dto.put("phone1", &mut self.phone1);
        dto.put("phone2", &mut self.phone2);
        dto.put("fax", &mut self.fax);
    }

    pub(super) fn shown(&self, id: u64) -> Value {
        json!({
            "contactId": id,
            "name": self.name, "attention": self.attention, "email": self.email, "web": self.web,
            "phone1": self.phone1, "phone2": self.phone2, "fax": self.fax,
        })
    }
}

impl Customer {
    /// The customer as JSON.
    pub(super) fn shown(&self, config: &Config) -> Value {
        let chart = &config.chart;
        let described = |id: &str, description: Option<&String>| json!({ "id": id, "description": description });
        let zone = self.vat_zone.as_deref().and_then(|id| chart.vat_zone(id));
        let attributes: Vec<Value> = self
            .attributes
            .iter()
            .map(|(id, value)| json!({ "id": id, "value": value, "description": null }))
            .collect();
        let id = self.internal_id * 10;
        let mut shown = json!({
            "internalId": self.internal_id, "number": self.number, "name": self.name, "status": self.status,
            "mainAddress": self.main_address.shown(id), "mainContact": self.main_contact.shown(id),
            "accountReference": self.account_reference,
            "customerClass": described(&self.class, chart.class(&self.class).map(|class| &class.description)),
            "creditTerms": described(&self.credit_terms, chart.terms(&self.credit_terms).map(|terms| &terms.description)),
            "currencyId": self.currency,
            "creditVerification": self.credit_verification,
            "creditLimit": number(self.credit_limit), "creditDaysPastDue": self.credit_days_past_due,
            "invoiceAddress": self.invoice_address.shown(id + 1), "invoiceContact": self.invoice_contact.shown(id + 1),
            "deliveryAddress": self.delivery_address.shown(id + 2),
            "deliveryContact": self.delivery_contact.shown(id + 2),
            "vatRegistrationId": self.vat_registration_id, "corporateId": self.corporate_id, "gln": self.gln,
            "location": {
                "countryId": self.main_address.country.as_deref().unwrap_or("NO"),
                "id": "Main", "name": "Primary Location",
            },
            "attributes": attributes,
            "defaultPaymentMethodId": self.payment_method,
            "printInvoices": self.switches.print_invoices,
            "acceptAutoInvoices": self.switches.accept_auto_invoices,
            "sendInvoicesByEmail": self.switches.send_invoices_by_email,
            "printStatements": self.switches.print_statements,
            "sendStatementsByEmail": self.switches.send_statements_by_email,
            "excludeDebtCollection": self.switches.exclude_debt_collection,
            "createdDateTime": clock::shown(self.stamps.created),
            "lastModifiedDateTime": clock::shown(self.stamps.modified),
            "timeStamp": self.stamps.time_stamp(), "errorInfo": "",
        });
        if let (Some(zone), Some(into)) = (zone, shown.as_object_mut()) {
            let vat_zone = json!({
                "id": zone.id, "description": zone.description, "defaultVatCategory": zone.default_vat,
            });
            into.insert("vatZone".to_owned(), vat_zone);
        }
        shown
    }
}

impl Row for Customer {
    fn place(&self) -> u64 {
        self.internal_id
    }

    fn open_object(&self, config: &Config, _query: &Query) -> String {
        self.rendered.get_or_init(|| list::opened(&self.shown(config))).clone()
    }
}

fn country_name(id: &str) -> &str {
    match id {
        "NO" => "Norway",
        "SE" => "Sweden",
        "DK" => "Denmark",
        "FI" => "Finland",
        "DE" => "Germany",
        "NL" => "Netherlands",
        other => other,
    }
}
