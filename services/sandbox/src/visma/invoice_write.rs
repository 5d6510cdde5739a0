//! Creating, changing, releasing and deleting an invoice.

use std::sync::OnceLock;

use jiff::Span;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::books::{Books, Stamps};
use super::clock;
use super::dto::Dto;
use super::invoice::{Invoice, Status, Sums};
use super::invoice_lines;
use super::reply::Refusal;
use super::totals;

/// What is done to an invoice: the verb of the vendor's sentences.
pub(super) const CREATING: &str = "creating";
pub(super) const UPDATING: &str = "updating";

/// An invoice that was found good and has no number yet.
#[derive(Debug)]
pub(super) struct NewInvoice {
    invoice: Invoice,
    own_number: Option<String>,
}

/// Looks at an invoice that shall be created.
///
/// # Errors
/// What is wrong with it, in the manner of the vendor's sentences.
pub(super) fn prepare_new(books: &Books, body: &Value) -> Result<NewInvoice, Refusal> {
    let dto = Dto::of(body).ok_or(Refusal::Invalid("The request is invalid.".to_owned()))?;
    let chart = &books.config.chart;
    let Some(customer) = dto.text("customerNumber") else {
        return Err(Refusal::document(CREATING, "'Customer' cannot be empty."));
    };
    let customer = books.customers.get(customer).ok_or_else(|| Refusal::unknown(CREATING, "CustomerID", customer))?;
    let own_number = match (dto.flag("overrideNumberSeries"), dto.text("referenceNumber")) {
        (Some(true), Some(own)) if books.invoices.contains_key(own) => {
            return Err(Refusal::document(CREATING, format_args!("Reference Nbr. '{own}' already exists.")));
        }
        (Some(true), Some(own)) => Some(own.to_owned()),
        (Some(true), None) => return Err(Refusal::document(CREATING, "'Reference Nbr.' cannot be empty.")),
        _ => None,
    };
    let today = books.config.today.unwrap_or_else(|| clock::now(&books.config).date());
    let mut invoice = Invoice {
        id: 0,
        number: String::new(),
        customer: customer.number.clone(),
        customer_name: customer.name.clone(),
        status: if books.config.hold_by_default { Status::Hold } else { Status::Balanced },
        document_date: today,
        due_date: today,
        period: String::new(),
        currency: customer.currency.clone(),
        exchange_rate: Decimal::ONE,
        credit_terms: customer.credit_terms.clone(),
        payment_method: customer.payment_method.clone(),
        branch: chart.branches.first().map(|branch| branch.number.clone()).unwrap_or_default(),
        vat_zone: customer.vat_zone.clone(),
        external_reference: None,
        customer_ref_number: None,
        payment_reference: None,
        customer_project: None,
        text: None,
        note: None,
        dont_print: false,
        dont_email: false,
        send_to_auto_invoice: customer.switches.accept_auto_invoices,
        address: customer.invoice_address.clone(),
        contact: customer.invoice_contact.clone(),
        lines: Vec::new(),
        pinned: Vec::new(),
        taxes: Vec::new(),
        sums: Sums::default(),
        stamps: Stamps::unwritten(),
        rendered: OnceLock::new(),
    };
    change(books, &mut invoice, dto, CREATING)?;
    Ok(NewInvoice { invoice, own_number })
}

/// Writes a new invoice and gives its number.
pub(super) fn create(books: &mut Books, new: NewInvoice) -> String {
    let NewInvoice { mut invoice, own_number } = new;
    invoice.number = own_number.unwrap_or_else(|| books.next_invoice_number());
    invoice.id = books.next_id();
    invoice.stamps = books.first_stamps();
    let number = invoice.number.clone();
    books.keep_invoice(invoice);
    number
}

/// Looks at a change of an invoice.
///
/// # Errors
/// What is wrong with it; [`Refusal::NotFound`] and [`Refusal::Stale`] too.
pub(super) fn prepare_change(
    books: &Books,
    number: &str,
    if_match: Option<&str>,
    body: &Value,
) -> Result<Invoice, Refusal> {
    let before = unreleased(books, number, if_match, "Invoice can't be updated because it is already released.")?;
    changed(books, before, body)
}

/// The invoice with a change, whatever its version and its status.
///
/// # Errors
/// What is wrong with the change.
pub(super) fn changed(books: &Books, before: &Invoice, body: &Value) -> Result<Invoice, Refusal> {
    let dto = Dto::of(body).ok_or(Refusal::Invalid("The request is invalid.".to_owned()))?;
    let mut after = before.clone();
    if let Some(number) = dto.text("customerNumber") {
        let customer = books.customers.get(number).ok_or_else(|| Refusal::unknown(UPDATING, "CustomerID", number))?;
        after.customer.clone_from(&customer.number);
        after.customer_name.clone_from(&customer.name);
    }
    change(books, &mut after, dto, UPDATING)?;
    Ok(after)
}

/// Looks at a deletion: only what is not released can be deleted.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Stale`], or that it is released.
pub(super) fn prepare_delete(books: &Books, number: &str, if_match: Option<&str>) -> Result<(), Refusal> {
    unreleased(books, number, if_match, "Invoice can't be deleted because it is already released.").map(drop)
}

/// Looks at a release: drafts and released invoices cannot be released.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Stale`], or what stands in the way.
pub(super) fn prepare_release(books: &Books, number: &str, if_match: Option<&str>) -> Result<Invoice, Refusal> {
    let before = unreleased(books, number, if_match, "Invoice can't be released because it is already released.")?;
    if before.status == Status::Hold {
        return Err(Refusal::Invalid("Document is On Hold and cannot be released.".to_owned()));
    }
    Ok(Invoice { status: Status::Open, ..before.clone() })
}

/// Writes a changed invoice and gives its `timeStamp`.
pub(super) fn update(books: &mut Books, mut after: Invoice) -> String {
    after.stamps = books.next_stamps(&after.stamps);
    after.rendered = OnceLock::new();
    let time_stamp = after.stamps.time_stamp();
    books.keep_invoice(after);
    time_stamp
}

fn unreleased<'a>(
    books: &'a Books,
    number: &str,
    if_match: Option<&str>,
    sentence: &str,
) -> Result<&'a Invoice, Refusal> {
    let invoice = books.invoices.get(number).ok_or(Refusal::NotFound)?;
    invoice.stamps.match_header(if_match)?;
    match invoice.status {
        Status::Hold | Status::Balanced => Ok(invoice),
        Status::Open => Err(Refusal::Invalid(sentence.to_owned())),
    }
}

fn change(books: &Books, into: &mut Invoice, dto: Dto<'_>, verb: &'static str) -> Result<(), Refusal> {
    admit_customer(books, &into.customer, verb)?;
    change_references(books, into, dto, verb)?;
    change_money(books, into, dto, verb)?;
    change_dates(books, into, dto, verb)?;
    for (name, text) in [
        ("customerRefNumber", &mut into.customer_ref_number),
        ("paymentReference", &mut into.payment_reference),
        ("customerProject", &mut into.customer_project),
        ("invoiceText", &mut into.text),
        ("note", &mut into.note),
    ] {
        dto.put(name, text);
    }
    for (name, switch) in [
        ("dontPrint", &mut into.dont_print),
        ("dontEmail", &mut into.dont_email),
        ("sendToAutoInvoice", &mut into.send_to_auto_invoice),
    ] {
        *switch = dto.flag(name).unwrap_or(*switch);
    }
    if let Some(hold) = dto.flag("hold") {
        into.status = if hold { Status::Hold } else { Status::Balanced };
    }
    if let Some(address) = dto.object("billingAddress") {
        into.address.change(address).map_err(|sentence| Refusal::document(verb, sentence))?;
    }
    if let Some(contact) = dto.object("invoiceContact") {
        into.contact.change(contact);
    }
    invoice_lines::change(books, into, dto, verb)?;
    invoice_lines::pin_vat(books, into, dto, verb)?;
    totals::compute(into, &books.config);
    if into.sums.total < Decimal::ZERO {
        return Err(Refusal::document(verb, "Document balance will be negative. The document cannot be saved."));
    }
    Ok(())
}

fn admit_customer(books: &Books, number: &str, verb: &'static str) -> Result<(), Refusal> {
    match books.customers.get(number).map(|customer| customer.status.as_str()) {
        Some("Inactive") => Err(Refusal::document(verb, "The customer status is 'Inactive'.")),
        Some("OnHold") => Err(Refusal::document(verb, "The customer status is 'On Hold'.")),
        Some(_) => Ok(()),
        None => Err(Refusal::unknown(verb, "CustomerID", number)),
    }
}

fn change_references(books: &Books, into: &mut Invoice, dto: Dto<'_>, verb: &'static str) -> Result<(), Refusal> {
    let chart = &books.config.chart;
    dto.put("externalReference", &mut into.external_reference);
    if let Some(reference) = &into.external_reference
        && books.config.unique_external_reference
        && books.numbers_of(reference).iter().any(|number| *number != into.number)
    {
        let sentence = format!("External reference '{reference}' is already used by another document.");
        return Err(Refusal::document(verb, sentence));
    }
    if let Some(branch) = dto.text("branchNumber") {
        chart.branch(branch).ok_or_else(|| Refusal::unknown(verb, "BranchID", branch))?;
        branch.clone_into(&mut into.branch);
    }
    if let Some(location) = dto.text("locationId").filter(|location| *location != "Main") {
        return Err(Refusal::unknown(verb, "CustomerLocationID", location));
    }
    if let Some(method) = dto.text("paymentMethodId") {
        if !chart.payment_methods.iter().any(|known| known == method) {
            return Err(Refusal::unknown(verb, "PaymentMethodID", method));
        }
        method.clone_into(&mut into.payment_method);
    }
    if let Some(zone) = dto.text("customerVatZoneId") {
        chart.vat_zone(zone).ok_or_else(|| Refusal::unknown(verb, "TaxZoneID", zone))?;
        into.vat_zone = Some(zone.to_owned());
    }
    Ok(())
}

fn change_money(books: &Books, into: &mut Invoice, dto: Dto<'_>, verb: &'static str) -> Result<(), Refusal> {
    let chart = &books.config.chart;
    if let Some(currency) = dto.text("currencyId") {
        currency.clone_into(&mut into.currency);
    }
    let id = &into.currency;
    let currency = chart.currency(id).ok_or_else(|| Refusal::unknown(verb, "CuryID", id))?;
    if dto.text("currencyId").is_some() || into.number.is_empty() {
        into.exchange_rate = currency.rate;
    }
    let is_base = chart.currencies.first().is_some_and(|base| base.id == currency.id);
    if let Some(rate) = dto.decimal("exchangeRate") {
        if rate <= Decimal::ZERO || (is_base && rate != Decimal::ONE) {
            return Err(Refusal::document(verb, format_args!("The exchange rate '{rate}' is not valid.")));
        }
        into.exchange_rate = rate;
    }
    Ok(())
}

fn change_dates(books: &Books, into: &mut Invoice, dto: Dto<'_>, verb: &'static str) -> Result<(), Refusal> {
    let date = dto.date("documentDate");
    into.document_date = date.unwrap_or(into.document_date);
    if let Some(terms) = dto.text("creditTermsId") {
        terms.clone_into(&mut into.credit_terms);
    }
    let id = &into.credit_terms;
    let terms = books.config.chart.terms(id).ok_or_else(|| Refusal::unknown(verb, "TermsID", id))?;
    if dto.text("creditTermsId").is_some() || date.is_some() || into.number.is_empty() {
        let due = into.document_date.checked_add(Span::new().days(terms.days));
        into.due_date = due.unwrap_or(into.document_date);
    }
    into.due_date = dto.date("documentDueDate").unwrap_or(into.due_date);

    let given = dto.text("financialPeriod").or(dto.text("postPeriod"));
    if let Some(period) = given {
        period.clone_into(&mut into.period);
    } else if date.is_some() || into.period.is_empty() {
        into.period = into.document_date.strftime("%Y%m").to_string();
    }
    open_period(books, &into.period, verb)
}

/// Whether the period exists and is open in the customer ledger.
fn open_period(books: &Books, period: &str, verb: &'static str) -> Result<(), Refusal> {
    let (year, month) = period.split_at_checked(4).unwrap_or_default();
    let first = format!("{year}-{month}-01");
    if period.len() != 6 || Date::strptime("%Y-%m-%d", &first).is_err() {
        return Err(Refusal::unknown(verb, "FinPeriodID", period));
    }
    if books.config.closed_periods.contains(period) {
        let sentence = format!("The {month}-{year} financial period is closed in Customer ledger.");
        return Err(Refusal::document(verb, sentence));
    }
    Ok(())
}
