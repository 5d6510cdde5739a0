//! The totals of a document, as the server computes them: what a caller thinks the total is has no say.
//!
//! Line amounts have the currency's decimals; VAT is rounded half away from zero, once per code or on each line
//! (Visma publishes no rule: both are playable).

use rust_decimal::Decimal;

use super::{Document, Line, Sums, Tax};
use crate::visma::config::{Config, TaxDetailLines, VatRounding};
use crate::visma::text::round;

/// Computes a document's totals from its lines and from the VAT that the caller has set.
pub(super) fn compute(document: &mut Document, config: &Config) {
    let decimals = config.chart.currency(&document.currency).map_or(2, |currency| currency.decimals);
    let hundred = Decimal::ONE_HUNDRED;
    let mut taxes: Vec<Tax> = Vec::new();
    let mut sums = Sums::default();
    for line in &mut document.lines {
        compute_line(line, config, decimals);
        sums.detail += line.amount;
        let rate = config.chart.vat(&line.vat).map_or(Decimal::ZERO, |vat| vat.rate);
        let vat_of_line = round(line.amount * rate / hundred, decimals);
        match taxes.iter_mut().find(|tax| tax.id == line.vat) {
            Some(tax) => {
                tax.taxable += line.amount;
                tax.vat += vat_of_line;
            }
            None => taxes.push(Tax { id: line.vat.clone(), rate, taxable: line.amount, vat: vat_of_line }),
        }
    }
    for tax in &mut taxes {
        if config.vat_rounding == VatRounding::PerCode {
            tax.vat = round(tax.taxable * tax.rate / hundred, decimals);
        }
        let pinned = document.pinned.iter().find(|(id, ..)| *id == tax.id);
        if let (TaxDetailLines::Honoured, Some((_, taxable, vat))) = (config.tax_detail_lines, pinned) {
            tax.taxable = taxable.map_or(tax.taxable, |amount| round(amount, decimals));
            tax.vat = vat.map_or(tax.vat, |amount| round(amount, decimals));
        }
        let exempt = config.chart.vat(&tax.id).is_some_and(|vat| vat.exempt);
        if exempt {
            sums.exempt += tax.taxable
        } else {
            sums.taxable += tax.taxable
        }
        sums.vat += tax.vat;
    }
    let exact = sums.detail + sums.vat;
    sums.total = match config.document_rounding {
        Some(step) if step > Decimal::ZERO => round(exact / step, 0) * step,
        _ => exact,
    };
    sums.rounding = sums.total - exact;
    document.taxes = taxes;
    document.sums = sums;
}

fn compute_line(line: &mut Line, config: &Config, decimals: u32) {
    line.unit_price = round(line.unit_price, config.unit_price_decimals);
    let extended = match line.manual_amount {
        Some(amount) => round(amount, decimals),
        None => round(line.quantity * line.unit_price, decimals),
    };
    if !line.discount_percent.is_zero() {
        line.discount_amount = round(extended * line.discount_percent / Decimal::ONE_HUNDRED, decimals);
    }
    line.discount_amount = round(line.discount_amount, decimals);
    line.amount = extended - line.discount_amount;
}
