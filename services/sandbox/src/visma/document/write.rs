//! Creating, changing and deleting a customer document.

use std::sync::OnceLock;

use rust_decimal::Decimal;
use serde_json::Value;

use super::applications::{self, Settler};
use super::{Document, DocumentKind, Status, Sums, fields, lines, totals};
use crate::visma::audit::Entity;
use crate::visma::books::{Books, Stamps};
use crate::visma::customer::Customer;
use crate::visma::dto::Dto;
use crate::visma::reply::VismaRefusal;

/// Verb of the vendor's sentences for what is done to a document.
pub(in crate::visma) const CREATING: &str = "creating document";
pub(in crate::visma) const UPDATING: &str = "updating document";

/// A document that was found good and has no number yet.
#[derive(Debug)]
pub(in crate::visma) struct NewDocument {
    document: Document,
    own_number: Option<String>,
}

/// Looks at a document that shall be created.
///
/// # Errors
/// Says what is wrong with it, in the manner of the vendor's sentences.
pub(in crate::visma) fn prepare_new(
    books: &Books,
    kind: DocumentKind,
    body: &Value,
) -> Result<NewDocument, VismaRefusal> {
    let dto = Dto::of(body).ok_or(VismaRefusal::Invalid("The request is invalid.".to_owned()))?;
    let Some(customer) = dto.text("customerNumber") else {
        return Err(VismaRefusal::document(CREATING, "'Customer' cannot be empty."));
    };
    let customer =
        books.customers.get(customer).ok_or_else(|| VismaRefusal::unknown(CREATING, "CustomerID", customer))?;
    let own_number = match (dto.flag("overrideNumberSeries"), dto.text("referenceNumber")) {
        (Some(true), Some(own)) if books.shelf(kind).get(own).is_some() => {
            return Err(VismaRefusal::document(CREATING, format_args!("Reference Nbr. '{own}' already exists.")));
        }
        (Some(true), Some(own)) => Some(own.to_owned()),
        (Some(true), None) => return Err(VismaRefusal::document(CREATING, "'Reference Nbr.' cannot be empty.")),
        _ => None,
    };
    let mut document = blank(books, kind, customer);
    change(books, &mut document, dto, CREATING)?;
    Ok(NewDocument { document, own_number })
}

/// A document with nothing but what its customer brings.
fn blank(books: &Books, kind: DocumentKind, customer: &Customer) -> Document {
    let today = books.today();
    let branch = books.config.chart.branches.first().map(|branch| branch.number.clone());
    Document {
        kind,
        id: 0,
        number: String::new(),
        customer: customer.number.clone(),
        customer_name: customer.name.clone(),
        status: if books.config.hold_by_default { Status::Hold } else { Status::Balanced },
        document_date: today,
        due_date: today,
        orig_date: None,
        period: String::new(),
        currency: customer.currency.clone(),
        exchange_rate: Decimal::ONE,
        credit_terms: customer.credit_terms.clone(),
        payment_method: customer.payment_method.clone(),
        branch: branch.unwrap_or_default(),
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
        applications: Vec::new(),
        releasing: false,
        stamps: Stamps::unwritten(),
        rendered: OnceLock::new(),
    }
}

/// Writes a new document and gives its number.
pub(in crate::visma) fn create(books: &mut Books, new: NewDocument) -> String {
    let NewDocument { document, own_number } = new;
    put_down(books, document, own_number)
}

/// Writes a document once more, as an accountant does who enters it a second time.
pub(in crate::visma) fn double(books: &mut Books, document: &Document) -> String {
    let applications = Vec::new();
    let copy = Document { status: Status::Balanced, applications, releasing: false, ..document.clone() };
    put_down(books, copy, None)
}

fn put_down(books: &mut Books, mut document: Document, own_number: Option<String>) -> String {
    let kind = document.kind;
    document.number = own_number.unwrap_or_else(|| books.shelf_mut(kind).next_number());
    document.id = books.next_id();
    document.stamps = books.first_stamps();
    document.rendered = OnceLock::new();
    let number = document.number.clone();
    books.shelf_mut(kind).keep(document);
    number
}

/// Looks at a change of a document.
///
/// # Errors
/// Says what is wrong with it; [`VismaRefusal::NotFound`] and [`VismaRefusal::Stale`] too.
pub(in crate::visma) fn prepare_change(
    books: &Books,
    kind: DocumentKind,
    number: &str,
    if_match: Option<&str>,
    body: &Value,
) -> Result<Document, VismaRefusal> {
    let before = books.shelf(kind).get(number).ok_or(VismaRefusal::NotFound)?;
    before.stamps.match_header(if_match)?;
    before.must_be_unreleased("updated")?;
    changed(books, before, body)
}

/// The document with a change, whatever its version and its status.
///
/// # Errors
/// Says what is wrong with the change.
pub(in crate::visma) fn changed(books: &Books, before: &Document, body: &Value) -> Result<Document, VismaRefusal> {
    let dto = Dto::of(body).ok_or(VismaRefusal::Invalid("The request is invalid.".to_owned()))?;
    let mut after = before.clone();
    if let Some(number) = dto.text("customerNumber") {
        let customer =
            books.customers.get(number).ok_or_else(|| VismaRefusal::unknown(UPDATING, "CustomerID", number))?;
        after.customer.clone_from(&customer.number);
        after.customer_name.clone_from(&customer.name);
    }
    change(books, &mut after, dto, UPDATING)?;
    if before.status.released() {
        after.status = after.posted();
    }
    Ok(after)
}

/// Looks at a deletion: only what is not released can be deleted.
///
/// # Errors
/// [`VismaRefusal::NotFound`], [`VismaRefusal::Stale`], or that it is released.
pub(in crate::visma) fn prepare_delete(
    books: &Books,
    kind: DocumentKind,
    number: &str,
    if_match: Option<&str>,
) -> Result<(), VismaRefusal> {
    let document = books.shelf(kind).get(number).ok_or(VismaRefusal::NotFound)?;
    document.stamps.match_header(if_match)?;
    document.must_be_unreleased("deleted")
}

/// Writes a changed document and gives its `timeStamp`.
pub(in crate::visma) fn update(books: &mut Books, mut after: Document) -> String {
    after.stamps = books.next_stamps(&after.stamps);
    after.rendered = OnceLock::new();
    let time_stamp = after.stamps.time_stamp();
    books.shelf_mut(after.kind).keep(after);
    time_stamp
}

fn change(books: &Books, into: &mut Document, dto: Dto<'_>, verb: &'static str) -> Result<(), VismaRefusal> {
    fields::admit_customer(books, &into.customer, verb)?;
    fields::change_references(books, into, dto, verb)?;
    fields::change_money(books, into, dto, verb)?;
    fields::change_dates(books, into, dto, verb)?;
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
    if let Some(address) = dto.object(into.kind.address()) {
        into.address.change(address).map_err(|sentence| VismaRefusal::document(verb, sentence))?;
    }
    if let Some(contact) = dto.object("invoiceContact") {
        into.contact.change(contact);
    }
    lines::change(books, into, dto, verb)?;
    lines::pin_vat(books, into, dto, verb)?;
    totals::compute(into, &books.config);
    if into.sums.total < Decimal::ZERO {
        return Err(VismaRefusal::document(verb, "Document balance will be negative. The document cannot be saved."));
    }
    change_applications(books, into, dto, verb)
}

/// A credit note can be applied to invoices from the start; what is applied is no more than what is credited.
fn change_applications(
    books: &Books,
    into: &mut Document,
    dto: Dto<'_>,
    verb: &'static str,
) -> Result<(), VismaRefusal> {
    if let Some(lines) = dto.list("applicationLines") {
        let settler = Settler {
            entity: into.kind.entity(),
            number: &into.number,
            customer: &into.customer,
            currency: &into.currency,
            targets: &[Entity::Invoice],
        };
        applications::change(books, settler, &mut into.applications, lines, verb)?;
    }
    let applied: Decimal = into.applications.iter().map(|one| one.amount).sum();
    if applied > into.sums.total {
        let total = into.sums.total;
        let sentence = format!("The applied amount '{applied}' exceeds the amount '{total}' of the document.");
        return Err(VismaRefusal::document(verb, sentence));
    }
    Ok(())
}
