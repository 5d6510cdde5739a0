//! Fees of payment modules, which stand in a record under names of the module's own.
//!
//! The mapping file names the fields. A fee is the document's where the document shows it, and else the order's: which
//! of them are in a total, the header says.

use commerce::order::Modules;
use problem::Code;
use rust_decimal::Decimal;

use crate::decision::Refusal;
use crate::document::{Document, DocumentKind, Name};
use crate::refusal::refuse;

/// Where a module of the shop shows a fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeeRule {
    /// JSON pointer to the amount.
    pub(crate) amount: String,
    /// JSON pointer to the tax on it; `None` where the module takes none.
    pub(crate) tax: Option<String>,
    /// True when the amount contains that tax.
    pub(crate) includes_tax: bool,
    /// Text that the buyer reads on the line.
    pub(crate) label: String,
}

/// A fee that a document or its order shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fee {
    pub(crate) label: String,
    /// Name of its field, which is also how its entry among the applied taxes begins.
    pub(crate) field: String,
    /// Without tax.
    pub(crate) net: Decimal,
    pub(crate) tax: Decimal,
    /// Net and tax on the order: without tax of its own, what a document has of it is taxed as that was.
    pub(crate) ordered: (Decimal, Decimal),
}

/// The fees that may be in the total of a document.
///
/// # Errors
/// When a field that a rule names is there and is not an amount.
pub(crate) fn of_document(document: &Document<'_>, rules: &[FeeRule]) -> Result<Vec<Fee>, Refusal> {
    let order = (&document.order.modules, Name::new(DocumentKind::Order, &document.order.increment_id));
    let mut fees = Vec::new();
    for rule in rules {
        let own = match document.modules {
            Some(modules) => of(rule, modules, document.name())?,
            None => None,
        };
        let fee = match (own, of(rule, order.0, order.1)?) {
            (Some(own), Some(Fee { ordered, .. })) => Some(Fee { ordered, ..own }),
            (Some(one), None) | (None, Some(one)) => Some(one),
            (None, None) => None,
        };
        fees.extend(fee.filter(|fee| !fee.net.is_zero() || !fee.tax.is_zero()));
    }
    Ok(fees)
}

/// The fee that a rule finds; `None` when the field is not there.
fn of(rule: &FeeRule, modules: &Modules, name: Name<'_>) -> Result<Option<Fee>, Refusal> {
    let read = |pointer: &str| {
        modules.amount(pointer).map_err(|error| {
            let sentence = format!("{} shows a fee that cannot be read: {error}.", name.capital());
            refuse(Code::FeeUnreadable, sentence)
        })
    };
    let Some(amount) = read(&rule.amount)? else { return Ok(None) };
    let tax = rule.tax.as_deref().map(read).transpose()?.flatten().unwrap_or_default();
    super::money::range::fee(&rule.amount, amount, tax, name)?;
    let field = rule.amount.rsplit('/').next().unwrap_or_default().to_owned();
    let net = if rule.includes_tax { amount - tax } else { amount };
    Ok(Some(Fee { label: rule.label.clone(), field, net, tax, ordered: (net, tax) }))
}
