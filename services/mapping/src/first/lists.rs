//! Lists of what there is, as comments.

use super::add;
use crate::survey::{Books, Entry, Shop};

/// Answers that stand beside a question; of more than these the number is told.
const SHOWN: usize = 12;

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(plain(text)).to_string()
}

/// A text on one line.
pub(super) fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `3 = Utgående mva 25 %, SE25 = OSS Sverige`, on one line.
pub(super) fn listed<'a>(entries: impl Iterator<Item = &'a Entry>, none: &str) -> String {
    let entries: Vec<String> = entries.map(|entry| plain(&format!("{} = {}", entry.key, entry.name))).collect();
    let more = entries.len().saturating_sub(SHOWN);
    match (entries.is_empty(), more) {
        (true, _) => none.to_owned(),
        (false, 0) => entries.join(", "),
        (false, more) => format!("{}, and {more} more", entries.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ")),
    }
}

/// Everything that lines may name, at the end of the file.
pub(super) fn appendix(file: &mut String, books: &Books, shop: &Shop) {
    *file += "\n# --- What there is -----------------------------------------------------------------------------------------------------\n";
    match &books.accounts {
        None => *file += "# Accounts could not be read.\n",
        Some(accounts) => {
            *file += "# Accounts of Visma that lines may name:\n";
            for account in accounts.iter().filter(|account| account.entry.active && account.ledger.is_none()) {
                let (number, name) = (plain(&account.entry.key), plain(&account.entry.name));
                add(file, format_args!("#   {number:<8} {:<10} {name}\n", account.kind));
            }
        }
    }
    if let Some(groups) = &shop.groups {
        *file += "# Customer groups of the shop:\n";
        for group in groups {
            add(file, format_args!("#   {:<8} {}\n", group.id, plain(&group.name)));
        }
    }
    if let Some(rates) = &shop.tax_rates {
        *file += "# Tax rates of the shop:\n";
        for rate in rates {
            let (code, percent) = (plain(&rate.code), rate.rate.normalize());
            let used = if rate.used { "" } else { ", which no tax rule uses" };
            add(file, format_args!("#   {code:<20} {} {percent} %{used}\n", plain(&rate.country)));
        }
    }
}
