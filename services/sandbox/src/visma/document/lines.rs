//! The lines of a written document, and the VAT that it pins.

use rust_decimal::Decimal;

use super::write::CREATING;
use super::{Document, Line};
use crate::visma::books::Books;
use crate::visma::config::LineWithoutOperation;
use crate::visma::dto::Dto;
use crate::visma::reply::VismaRefusal;

/// Inserts, updates and deletes lines as their `operation` says.
///
/// # Errors
/// Says what is wrong with the first bad line.
pub(super) fn change(books: &Books, into: &mut Document, dto: Dto<'_>, verb: &'static str) -> Result<(), VismaRefusal> {
    let Some(lines) = dto.list(into.kind.lines()) else { return Ok(()) };
    for line in lines {
        match line.text("operation") {
            Some("Insert") => {
                let last = into.lines.iter().map(|line| line.line_number).max().unwrap_or(0);
                let mut new = Line { line_number: last + 1, branch: into.branch.clone(), ..Line::default() };
                change_line(books, into, &mut new, line, verb)?;
                into.lines.push(new);
            }
            Some(operation) if verb == CREATING => {
                let sentence = format!("The operation '{operation}' is not valid for a line of a new document.");
                return Err(VismaRefusal::document(verb, sentence));
            }
            Some(operation) => {
                let wanted = line.integer("lineNumber");
                let place = into.lines.iter().position(|known| Some(known.line_number) == wanted);
                let Some(place) = place else {
                    let wanted = wanted.map_or_else(String::new, |number| number.to_string());
                    return Err(VismaRefusal::unknown(verb, "LineNbr", &wanted));
                };
                let mut known = into.lines.remove(place);
                if operation == "Update" {
                    change_line(books, into, &mut known, line, verb)?;
                    into.lines.insert(place, known);
                }
            }
            None if books.config.line_without_operation == LineWithoutOperation::Dropped => {}
            None => return Err(VismaRefusal::document(verb, "A line without 'operation' cannot be inserted.")),
        }
    }
    Ok(())
}

fn change_line(
    books: &Books,
    document: &Document,
    into: &mut Line,
    dto: Dto<'_>,
    verb: &'static str,
) -> Result<(), VismaRefusal> {
    let chart = &books.config.chart;
    dto.put("description", &mut into.description);
    dto.put("uom", &mut into.uom);
    dto.put("note", &mut into.note);
    dto.put("inventoryNumber", &mut into.inventory);
    if let Some(item) = &into.inventory
        && !chart.items.contains(item)
    {
        return Err(VismaRefusal::unknown(verb, "InventoryID", item));
    }
    if let Some(branch) = dto.text("branchNumber") {
        chart.branch(branch).ok_or_else(|| VismaRefusal::unknown(verb, "BranchID", branch))?;
        branch.clone_into(&mut into.branch);
    }
    change_account(books, into, dto, verb)?;
    change_vat(books, document, into, dto, verb)?;
    change_subaccount(books, into, dto, verb)?;

    into.quantity = dto.decimal("quantity").unwrap_or(into.quantity);
    into.unit_price = dto.decimal("unitPriceInCurrency").unwrap_or(into.unit_price);
    if dto.given("manualAmountInCurrency").is_some() {
        into.manual_amount = dto.decimal("manualAmountInCurrency");
    }
    if let Some(percent) = dto.decimal("discountPercent") {
        if percent < Decimal::from(-100) || percent > Decimal::ONE_HUNDRED {
            return Err(VismaRefusal::document(verb, format_args!("The discount percent '{percent}' is not valid.")));
        }
        into.discount_percent = percent;
    }
    into.discount_amount = dto.decimal("discountAmountInCurrency").unwrap_or(into.discount_amount);
    Ok(())
}

fn change_account(books: &Books, into: &mut Line, dto: Dto<'_>, verb: &'static str) -> Result<(), VismaRefusal> {
    if let Some(number) = dto.text("accountNumber") {
        number.clone_into(&mut into.account);
    } else if into.account.is_empty() && into.inventory.is_some() {
        // An item brings the sales account of its posting class.
        "3000".clone_into(&mut into.account);
    }
    if into.account.is_empty() {
        return Err(VismaRefusal::document(verb, "'Account' cannot be empty."));
    }
    let account = books.config.chart.account(&into.account);
    let account = account.ok_or_else(|| VismaRefusal::unknown(verb, "AccountID", &into.account))?;
    if !account.active {
        return Err(VismaRefusal::document(verb, format_args!("Account '{}' is inactive.", account.number)));
    }
    if let Some(module) = &account.control_module {
        let sentence = format!("Account '{}' is a control account for {module} and cannot be used.", account.number);
        return Err(VismaRefusal::document(verb, sentence));
    }
    Ok(())
}

fn change_vat(
    books: &Books,
    document: &Document,
    into: &mut Line,
    dto: Dto<'_>,
    verb: &'static str,
) -> Result<(), VismaRefusal> {
    let chart = &books.config.chart;
    let zone = document.vat_zone.as_deref().and_then(|id| chart.vat_zone(id));
    if let Some(id) = dto.text("vatCodeId") {
        id.clone_into(&mut into.vat);
    } else if into.vat.is_empty() {
        into.vat = zone.map(|zone| zone.default_vat.clone()).unwrap_or_default();
    }
    let in_zone = zone.is_none_or(|zone| books.config.takes(zone, &into.vat));
    let vat = chart.vat(&into.vat).filter(|vat| in_zone && !vat.input);
    let vat = vat.ok_or_else(|| VismaRefusal::unknown(verb, "TaxID", &into.vat))?;
    if vat.not_valid_after.is_some_and(|last| document.document_date > last) {
        return Err(VismaRefusal::document(
            verb,
            format_args!("TaxID '{}' is not valid on the document date.", vat.id),
        ));
    }
    Ok(())
}

/// A subaccount names every segment, each with a value that exists.
fn change_subaccount(books: &Books, into: &mut Line, dto: Dto<'_>, verb: &'static str) -> Result<(), VismaRefusal> {
    let segments = &books.config.chart.segments;
    let Some(given) = dto.list("subaccount") else {
        if into.segments.is_empty() && books.config.subaccount_required && !segments.is_empty() {
            return Err(VismaRefusal::document(verb, "'Subaccount' cannot be empty."));
        }
        return Ok(());
    };
    let given: Vec<(i64, &str)> = given
        .map(|segment| (segment.integer("segmentId").unwrap_or(0), segment.text("segmentValue").unwrap_or_default()))
        .collect();
    if let Some((id, _)) = given.iter().find(|(id, _)| !segments.iter().any(|segment| segment.id == *id)) {
        return Err(VismaRefusal::unknown(verb, "SegmentID", &id.to_string()));
    }
    let mut values = Vec::with_capacity(segments.len());
    for segment in segments {
        let mut of_segment = given.iter().filter(|(id, _)| *id == segment.id);
        let (Some((_, value)), None) = (of_segment.next(), of_segment.next()) else {
            let sentence = format!("Subaccount segment '{}' must be given once.", segment.description);
            return Err(VismaRefusal::document(verb, sentence));
        };
        let known = segment.values.iter().any(|known| known.active && known.id == *value);
        if (segment.validate && !known) || value.chars().count() > segment.length {
            let sentence = format!("Subaccount segment '{}': value '{value}' is not valid.", segment.description);
            return Err(VismaRefusal::document(verb, sentence));
        }
        values.push((segment.id, (*value).to_owned()));
    }
    into.segments = values;
    Ok(())
}

/// Takes over `taxDetailLines` (`taxDetails` of a credit note), whose codes must occur in the lines.
///
/// # Errors
/// A code that no line has.
pub(super) fn pin_vat(
    books: &Books,
    into: &mut Document,
    dto: Dto<'_>,
    verb: &'static str,
) -> Result<(), VismaRefusal> {
    let Some(lines) = dto.list(into.kind.tax_lines()) else { return Ok(()) };
    into.pinned.clear();
    for line in lines {
        let id = line.text("taxId").unwrap_or_default();
        if books.config.chart.vat(id).is_none() || !into.lines.iter().any(|known| known.vat == id) {
            return Err(VismaRefusal::unknown(verb, "TaxID", id));
        }
        into.pinned.push((id.to_owned(), line.decimal("taxableAmount"), line.decimal("vatAmount")));
    }
    Ok(())
}
