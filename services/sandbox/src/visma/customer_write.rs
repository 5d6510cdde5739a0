//! Creating and changing a customer.

use std::sync::OnceLock;

use rust_decimal::Decimal;
use serde_json::Value;

use super::books::{Books, Stamps};
use super::chart::CustomerClass;
use super::config::CustomerNumbering;
use super::customer::{Address, Contact, Customer, Switches};
use super::dto::Dto;
use super::reply::VismaRefusal;

/// A customer that was found good and has no number yet.
#[derive(Debug)]
pub(super) struct NewCustomer {
    customer: Customer,
    own_number: Option<String>,
}

/// Looks at a customer that shall be created.
///
/// # Errors
/// Says what is wrong with it, in the manner of the vendor's sentences.
pub(super) fn prepare_new(books: &Books, body: &Value) -> Result<NewCustomer, VismaRefusal> {
    let dto = Dto::of(body).ok_or(VismaRefusal::Invalid("The request is invalid.".to_owned()))?;
    let chart = &books.config.chart;
    let class_id = dto.text("customerClassId").or(chart.customer_classes.first().map(|class| class.id.as_str()));
    let class_id = class_id.unwrap_or_default();
    let class = chart.class(class_id).ok_or_else(|| unknown("CustomerClassID", class_id))?;
    let own_number = own_number(books, dto)?;

    let mut new = blank(books, class);
    change(books, &mut new, dto)?;
    if dto.flag("overrideWithClassValues") == Some(true) {
        new.credit_terms.clone_from(&class.credit_terms);
        new.payment_method.clone_from(&class.payment_method);
        if class.vat_zone.is_some() {
            new.vat_zone.clone_from(&class.vat_zone);
        }
    }
    demand(books, &new)?;
    // Addresses and contacts that were not given follow the main ones.
    for (name, address) in
        [("invoiceAddress", &mut new.invoice_address), ("deliveryAddress", &mut new.delivery_address)]
    {
        if dto.object(name).is_none() {
            *address = new.main_address.clone();
        }
    }
    for (name, contact) in
        [("invoiceContact", &mut new.invoice_contact), ("deliveryContact", &mut new.delivery_contact)]
    {
        if dto.object(name).is_none() {
            *contact = new.main_contact.clone();
        }
    }
    Ok(NewCustomer { customer: new, own_number })
}

/// The number that the caller chooses, where it may.
fn own_number(books: &Books, dto: Dto<'_>) -> Result<Option<String>, VismaRefusal> {
    let automatic = books.config.customer_numbering == CustomerNumbering::Automatic;
    if automatic && dto.flag("overrideNumberSeries") != Some(true) {
        return Ok(None);
    }
    match dto.text("number").filter(|number| !number.is_empty()) {
        None => Err(customer("'Customer ID' cannot be empty.")),
        Some(taken) if books.customers.contains_key(taken) => {
            Err(customer(&format!("Customer '{taken}' already exists.")))
        }
        Some(own) => Ok(Some(own.to_owned())),
    }
}

/// A customer with nothing but the values of its class.
fn blank(books: &Books, class: &CustomerClass) -> Customer {
    let base = books.config.chart.currencies.first();
    Customer {
        internal_id: 0,
        number: String::new(),
        name: String::new(),
        status: "Active".to_owned(),
        class: class.id.clone(),
        credit_terms: class.credit_terms.clone(),
        currency: base.map(|currency| currency.id.clone()).unwrap_or_default(),
        credit_verification: "Disabled".to_owned(),
        credit_limit: Decimal::ZERO,
        credit_days_past_due: 0,
        vat_zone: class.vat_zone.clone(),
        vat_registration_id: None,
        corporate_id: None,
        gln: None,
        account_reference: None,
        payment_method: class.payment_method.clone(),
        note: None,
        main_address: Address::default(),
        main_contact: Contact::default(),
        invoice_address: Address::default(),
        invoice_contact: Contact::default(),
        delivery_address: Address::default(),
        delivery_contact: Contact::default(),
        attributes: Vec::new(),
        switches: Switches::default(),
        stamps: Stamps::unwritten(),
        rendered: OnceLock::new(),
    }
}

/// Writes a new customer and gives its number.
pub(super) fn create(books: &mut Books, new: NewCustomer) -> String {
    let NewCustomer { mut customer, own_number } = new;
    customer.number = own_number.unwrap_or_else(|| books.next_customer_number());
    customer.internal_id = books.next_id();
    customer.stamps = books.first_stamps();
    let number = customer.number.clone();
    books.keep_customer(customer);
    number
}

/// Looks at a change of a customer.
///
/// # Errors
/// Says what is wrong with it; [`VismaRefusal::NotFound`] and [`VismaRefusal::Stale`] too.
pub(super) fn prepare_change(
    books: &Books,
    number: &str,
    if_match: Option<&str>,
    body: &Value,
) -> Result<Customer, VismaRefusal> {
    let before = books.customers.get(number).ok_or(VismaRefusal::NotFound)?;
    before.stamps.match_header(if_match)?;
    changed(books, before, body)
}

/// The customer with a change, whatever its version.
///
/// # Errors
/// Says what is wrong with the change.
pub(super) fn changed(books: &Books, before: &Customer, body: &Value) -> Result<Customer, VismaRefusal> {
    let dto = Dto::of(body).ok_or(VismaRefusal::Invalid("The request is invalid.".to_owned()))?;
    let mut after = before.clone();
    if let Some(class) = dto.text("customerClassId") {
        let class = books.config.chart.class(class).ok_or_else(|| unknown("CustomerClassID", class))?;
        after.class.clone_from(&class.id);
    }
    change(books, &mut after, dto)?;
    demand(books, &after)?;
    Ok(after)
}

/// Writes a changed customer and gives its `timeStamp`.
pub(super) fn update(books: &mut Books, mut after: Customer) -> String {
    after.stamps = books.next_stamps(&after.stamps);
    after.rendered = OnceLock::new();
    let time_stamp = after.stamps.time_stamp();
    books.keep_customer(after);
    time_stamp
}

fn change(books: &Books, into: &mut Customer, dto: Dto<'_>) -> Result<(), VismaRefusal> {
    let chart = &books.config.chart;
    let must_know = |field: &str, id: Option<&str>, known: bool| match id {
        Some(id) if !known => Err(unknown(field, id)),
        _ => Ok(()),
    };
    let (terms, currency, zone) = (dto.text("creditTermsId"), dto.text("currencyId"), dto.text("vatZoneId"));
    must_know("TermsID", terms, terms.is_some_and(|id| chart.terms(id).is_some()))?;
    must_know("CuryID", currency, currency.is_some_and(|id| chart.currency(id).is_some()))?;
    must_know("TaxZoneID", zone, zone.is_some_and(|id| chart.vat_zone(id).is_some()))?;
    let method = dto.object("defaultPaymentMethod").and_then(|method| method.text("paymentMethodId"));
    let known_method = method.is_some_and(|id| chart.payment_method(id).is_some());
    must_know("PaymentMethodID", method, known_method)?;

    for (name, text) in [
        ("name", &mut into.name),
        ("status", &mut into.status),
        ("creditTermsId", &mut into.credit_terms),
        ("currencyId", &mut into.currency),
        ("creditVerification", &mut into.credit_verification),
    ] {
        if let Some(given) = dto.text(name) {
            given.clone_into(text);
        }
    }
    if let Some(method) = method {
        method.clone_into(&mut into.payment_method);
    }
    for (name, text) in [
        ("vatZoneId", &mut into.vat_zone),
        ("vatRegistrationId", &mut into.vat_registration_id),
        ("corporateId", &mut into.corporate_id),
        ("gln", &mut into.gln),
        ("accountReference", &mut into.account_reference),
        ("note", &mut into.note),
    ] {
        dto.put(name, text);
    }
    into.credit_limit = dto.decimal("creditLimit").unwrap_or(into.credit_limit);
    into.credit_days_past_due = dto.integer("creditDaysPastDue").unwrap_or(into.credit_days_past_due);
    change_switches(&mut into.switches, dto);
    change_parts(into, dto)?;
    change_attributes(books, into, dto)
}

fn change_switches(into: &mut Switches, dto: Dto<'_>) {
    for (name, switch) in [
        ("printInvoices", &mut into.print_invoices),
        ("acceptAutoInvoices", &mut into.accept_auto_invoices),
        ("sendInvoicesByEmail", &mut into.send_invoices_by_email),
        ("printStatements", &mut into.print_statements),
        ("sendStatementsByEmail", &mut into.send_statements_by_email),
        ("excludeDebtCollection", &mut into.exclude_debt_collection),
    ] {
        *switch = dto.flag(name).unwrap_or(*switch);
    }
}

fn change_parts(into: &mut Customer, dto: Dto<'_>) -> Result<(), VismaRefusal> {
    for (name, address) in [
        ("mainAddress", &mut into.main_address),
        ("invoiceAddress", &mut into.invoice_address),
        ("deliveryAddress", &mut into.delivery_address),
    ] {
        if let Some(given) = dto.object(name) {
            address.change(given).map_err(|sentence| customer(&sentence))?;
        }
    }
    for (name, contact) in [
        ("mainContact", &mut into.main_contact),
        ("invoiceContact", &mut into.invoice_contact),
        ("deliveryContact", &mut into.delivery_contact),
    ] {
        if let Some(given) = dto.object(name) {
            contact.change(given);
        }
    }
    Ok(())
}

fn change_attributes(books: &Books, into: &mut Customer, dto: Dto<'_>) -> Result<(), VismaRefusal> {
    let Some(lines) = dto.list("attributeLines") else { return Ok(()) };
    for line in lines {
        let id = line.text("attributeId").unwrap_or_default();
        if !books.config.chart.attributes.iter().any(|known| known == id) {
            return Err(unknown("AttributeID", id));
        }
        into.attributes.retain(|(known, _)| known != id);
        into.attributes.push((id.to_owned(), line.text("attributeValue").map(str::to_owned)));
    }
    Ok(())
}

/// Demands the fields that a customer cannot be without.
fn demand(books: &Books, after: &Customer) -> Result<(), VismaRefusal> {
    if after.name.trim().is_empty() {
        return Err(customer("'Customer name' cannot be empty."));
    }
    let needs_zone = books.config.chart.class(&after.class).is_some_and(|class| class.requires_vat_zone);
    if needs_zone && after.vat_zone.is_none() {
        return Err(customer("'VAT zone' cannot be empty."));
    }
    Ok(())
}

fn customer(sentence: &str) -> VismaRefusal {
    VismaRefusal::Invalid(format!("Error creating customer. Error: {sentence}"))
}

fn unknown(field: &str, value: &str) -> VismaRefusal {
    customer(&format!("{field} '{value}' cannot be found in the system."))
}
