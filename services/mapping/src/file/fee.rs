//! Reading the rules about fees of payment modules.

use commerce::modules::TYPED;

use super::read::{Reader, Table};
use crate::fee::FeeRule;

/// Reads the list of fees.
pub(super) fn rules<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Vec<FeeRule> {
    let mut rules: Vec<FeeRule> = Vec::new();
    for table in reader.tables(root, "fee") {
        reader.known_keys(&table, &["amount", "tax", "includes_tax", "label"]);
        reader.required(&table, "amount");
        let amount = pointer(reader, &table, "amount");
        let tax = pointer(reader, &table, "tax");
        let includes_tax = reader.flag(&table, "includes_tax").unwrap_or(false);
        if includes_tax && table.get("tax").is_none() {
            reader.wrong(&table, "includes_tax", "this key has a meaning only where `tax` names a field");
        }
        let label = reader.text(&table, "label").unwrap_or_else(|| "Fee".to_owned());
        let Some(amount) = amount else { continue };
        if rules.iter().any(|other| other.amount == amount) {
            reader.wrong(&table, "amount", format!("`{amount}` is a fee of a rule above"));
        }
        rules.push(FeeRule { amount, tax, includes_tax, label });
    }
    rules
}

/// A JSON pointer to a field that modules may add.
fn pointer<'t>(reader: &mut Reader<'t>, table: &Table<'t>, key: &str) -> Option<String> {
    let pointer = reader.text(table, key)?;
    let mut steps = pointer.split('/').skip(1).skip_while(|step| *step == "extension_attributes");
    match steps.next() {
        None => {
            let sentence = "a JSON pointer is expected here, such as \"/extension_attributes/mollie_payment_fee\"";
            reader.wrong(table, key, sentence);
        }
        Some(step) if TYPED.contains(&step) => {
            reader.wrong(table, key, format!("a fee of a module does not stand inside of `{step}`"));
        }
        Some(_) if !pointer.starts_with('/') => {
            reader.wrong(table, key, format!("a JSON pointer begins with a slash: \"/{pointer}\""));
        }
        Some(_) => return Some(pointer),
    }
    None
}
