//! The fields of a document's head, each checked against what the company knows.

use jiff::Span;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Document;
use crate::visma::books::Books;
use crate::visma::dto::Dto;
use crate::visma::reply::VismaRefusal;

pub(super) fn admit_customer(books: &Books, number: &str, verb: &'static str) -> Result<(), VismaRefusal> {
    match books.customers.get(number).map(|customer| customer.status.as_str()) {
        Some("Inactive") => Err(VismaRefusal::document(verb, "The customer status is 'Inactive'.")),
        Some("OnHold") => Err(VismaRefusal::document(verb, "The customer status is 'On Hold'.")),
        Some(_) => Ok(()),
        None => Err(VismaRefusal::unknown(verb, "CustomerID", number)),
    }
}

pub(super) fn change_references(
    books: &Books,
    into: &mut Document,
    dto: Dto<'_>,
    verb: &'static str,
) -> Result<(), VismaRefusal> {
    let chart = &books.config.chart;
    dto.put("externalReference", &mut into.external_reference);
    if let Some(reference) = &into.external_reference
        && books.config.unique_external_reference
        && books.shelf(into.kind).numbers_of(reference).iter().any(|number| *number != into.number)
    {
        let sentence = format!("External reference '{reference}' is already used by another document.");
        return Err(VismaRefusal::document(verb, sentence));
    }
    if let Some(branch) = dto.text("branchNumber") {
        chart.branch(branch).ok_or_else(|| VismaRefusal::unknown(verb, "BranchID", branch))?;
        branch.clone_into(&mut into.branch);
    }
    if let Some(location) = dto.text("locationId").filter(|location| *location != "Main") {
        return Err(VismaRefusal::unknown(verb, "CustomerLocationID", location));
    }
    if let Some(method) = dto.text("paymentMethodId") {
        chart.payment_method(method).ok_or_else(|| VismaRefusal::unknown(verb, "PaymentMethodID", method))?;
        method.clone_into(&mut into.payment_method);
    }
    if let Some(zone) = dto.text("customerVatZoneId") {
        chart.vat_zone(zone).ok_or_else(|| VismaRefusal::unknown(verb, "TaxZoneID", zone))?;
        into.vat_zone = Some(zone.to_owned());
    }
    Ok(())
}

pub(super) fn change_money(
    books: &Books,
    into: &mut Document,
    dto: Dto<'_>,
    verb: &'static str,
) -> Result<(), VismaRefusal> {
    let chart = &books.config.chart;
    if let Some(currency) = dto.text("currencyId") {
        currency.clone_into(&mut into.currency);
    }
    let id = &into.currency;
    let currency = chart.currency(id).ok_or_else(|| VismaRefusal::unknown(verb, "CuryID", id))?;
    if dto.text("currencyId").is_some() || into.number.is_empty() {
        into.exchange_rate = currency.rate;
    }
    let is_base = chart.currencies.first().is_some_and(|base| base.id == currency.id);
    if let Some(rate) = dto.decimal("exchangeRate") {
        if rate <= Decimal::ZERO || (is_base && rate != Decimal::ONE) {
            return Err(VismaRefusal::document(verb, format_args!("The exchange rate '{rate}' is not valid.")));
        }
        into.exchange_rate = rate;
    }
    Ok(())
}

pub(super) fn change_dates(
    books: &Books,
    into: &mut Document,
    dto: Dto<'_>,
    verb: &'static str,
) -> Result<(), VismaRefusal> {
    let date = dto.date("documentDate");
    into.document_date = date.unwrap_or(into.document_date);
    if let Some(terms) = dto.text("creditTermsId") {
        terms.clone_into(&mut into.credit_terms);
    }
    let id = &into.credit_terms;
    let terms = books.config.chart.terms(id).ok_or_else(|| VismaRefusal::unknown(verb, "TermsID", id))?;
    if dto.text("creditTermsId").is_some() || date.is_some() || into.number.is_empty() {
        let due = into.document_date.checked_add(Span::new().days(terms.days));
        into.due_date = due.unwrap_or(into.document_date);
    }
    into.orig_date = dto.date("origInvoiceDate").or(into.orig_date);
    into.due_date = dto.date("documentDueDate").unwrap_or(into.due_date);

    let given = dto.text("financialPeriod").or(dto.text("postPeriod"));
    if let Some(period) = given {
        period.clone_into(&mut into.period);
    } else if date.is_some() || into.period.is_empty() {
        into.period = into.document_date.strftime("%Y%m").to_string();
    }
    open_period(books, &into.period, verb)
}

/// Checks that the period exists and is open in the customer ledger.
pub(in crate::visma) fn open_period(books: &Books, period: &str, verb: &'static str) -> Result<(), VismaRefusal> {
    let (year, month) = period.split_at_checked(4).unwrap_or_default();
    let first = format!("{year}-{month}-01");
    if period.len() != 6 || Date::strptime("%Y-%m-%d", &first).is_err() {
        return Err(VismaRefusal::unknown(verb, "FinPeriodID", period));
    }
    if books.config.closed_periods.contains(period) {
        let sentence = format!("The {month}-{year} financial period is closed in Customer ledger.");
        return Err(VismaRefusal::document(verb, sentence));
    }
    Ok(())
}
