//! An order as it is placed in a shop with habits: what modules add to its amounts, and where they show it.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::config::{Habits, ModuleFee, ProductTax};
use super::fulfil::money::{Pair, cents};

/// Name of a fixed product tax.
const TITLE: &str = "Miljøgebyr";
/// Products on which it is taken.
const TAXED: [&str; 2] = ["S25-", "C25-"];

/// The text of an order that was drawn, with what the habits make of it.
pub(super) fn dressed(text: String, habits: &Habits) -> String {
    if *habits == Habits::default() {
        return text;
    }
    let Ok(order) = serde_json::from_str(&text) else { return text };
    let mut cart = Cart(order);
    if let Some(tax) = &habits.product_tax {
        cart.product_taxes(tax);
    }
    if let Some(fee) = &habits.fee {
        cart.fee(fee);
    }
    cart.credit("gift_cards_amount", habits.gift_card_ore);
    cart.credit("customer_balance_amount", habits.store_credit_ore);
    if let Some(ore) = habits.round_to_ore {
        cart.round(ore);
    }
    cart.0.to_string()
}

/// To the nearest multiple of so many øre.
pub(super) fn rounded(amount: Decimal, ore: u32) -> Decimal {
    let unit = Decimal::new(ore.into(), 2);
    let times = amount.checked_div(unit).unwrap_or(amount);
    times.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero) * unit
}

/// A rate of the order's: its code and per cent.
#[derive(Debug, Clone)]
struct Rate {
    code: Value,
    percent: Decimal,
}

impl Rate {
    fn of(tax: &Value) -> Option<Self> {
        Some(Self { code: tax.get("code")?.clone(), percent: amount(tax, "percent") })
    }

    fn tax(&self, net: Pair) -> Pair {
        net.map(|amount| cents(amount * self.percent / Decimal::ONE_HUNDRED))
    }

    fn applied(&self, tax: Pair) -> Value {
        let mut applied = json!({ "code": self.code, "title": self.code, "percent": number(self.percent) });
        set(&mut applied, "amount", tax);
        applied
    }
}

/// An order that is being placed.
struct Cart(Value);

impl Cart {
    /// An amount in øre of the base currency, in both.
    fn both(&self, ore: i64) -> Pair {
        let base = Decimal::new(ore, 2);
        Pair::new(base, cents(base * amount(&self.0, "base_to_order_rate")))
    }

    /// Adds to the total, and to the tax in it.
    fn charge(&mut self, more: Pair, tax: Pair) {
        let total = pair(&self.0, "grand_total") + more + tax;
        set(&mut self.0, "grand_total", total);
        set(&mut self.0, "total_due", total.cents());
        let taxes = pair(&self.0, "tax_amount") + tax;
        set(&mut self.0, "tax_amount", taxes);
        if let Some(payment) = self.0.get_mut("payment") {
            set(payment, "amount_ordered", total);
        }
    }

    fn extension(&mut self) -> Option<&mut Value> {
        self.0.get_mut("extension_attributes")
    }

    fn taxes(&self, of: impl Fn(&Value) -> bool) -> Option<Rate> {
        let all = self.0.pointer("/extension_attributes/item_applied_taxes")?.as_array()?;
        Rate::of(all.iter().find(|one| of(one))?.pointer("/applied_taxes/0")?)
    }

    /// Shows tax among the taxes of the order, and in an entry of its own where it has a kind.
    fn show_tax(&mut self, rate: &Rate, tax: Pair, entry: Option<Value>) {
        let Some(extension) = self.extension() else { return };
        for list in ["applied_taxes", "taxes"] {
            let all = extension.get_mut(list).and_then(Value::as_array_mut);
            let same = |one: &&mut Value| one.get("code") == Some(&rate.code);
            if let Some(one) = all.and_then(|all| all.iter_mut().find(same)) {
                let sum = pair(one, "amount") + tax;
                set(one, "amount", sum);
            }
        }
        let all = extension.get_mut("item_applied_taxes").and_then(Value::as_array_mut);
        if let (Some(all), Some(mut entry)) = (all, entry) {
            put(&mut entry, "applied_taxes", json!([rate.applied(tax)]));
            all.push(entry);
        }
    }

    fn fee(&mut self, fee: &ModuleFee) {
        let net = self.both(fee.ore);
        let rate = self.taxes(|one| one.get("type") == Some(&json!("shipping")));
        let rate = rate.filter(|_| fee.tax_field.is_some());
        let tax = rate.as_ref().map_or(Pair::ZERO, |rate| rate.tax(net));
        self.charge(net, tax);
        let entry = fee.tax_field.as_ref().filter(|_| fee.as_mollie).map(|kind| json!({ "type": kind }));
        if let Some(rate) = rate {
            self.show_tax(&rate, tax, entry);
        }
        let Some(extension) = self.extension() else { return };
        let shown = if fee.includes_tax { net + tax } else { net };
        for (field, amount) in [(Some(&fee.field), shown), (fee.tax_field.as_ref(), tax)] {
            let Some(field) = field else { continue };
            if fee.as_mollie {
                put(extension, field, json!(format!("{:.4}", amount.own)));
                put(extension, &format!("base_{field}"), json!(format!("{:.4}", amount.base)));
            } else {
                put(extension, field, number(amount.own));
            }
        }
    }

    fn product_taxes(&mut self, habit: &ProductTax) {
        let items = self.0.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_taxed = |item: &&Value| {
            let sku = item.get("sku").and_then(Value::as_str).unwrap_or_default();
            item.get("parent_item_id").is_none() && TAXED.iter().any(|start| sku.starts_with(start))
        };
        let mut last = None;
        for item in items.iter().filter(is_taxed) {
            let (id, of) = (item.get("item_id"), amount(item, "qty_ordered"));
            let variant = items.iter().find(|other| other.get("parent_item_id") == id);
            let target = variant.filter(|_| habit.on_variant).unwrap_or(item);
            let rate = self.taxes(|one| one.get("item_id") == id).filter(|_| habit.taxed);
            let each = self.both(habit.ore);
            let row = each * of;
            let tax = rate.as_ref().map_or(Pair::ZERO, |rate| rate.tax(row));
            self.charge(row, tax);
            if let Some(rate) = rate {
                let entry = json!({ "type": "weee", "associated_item_id": id });
                self.show_tax(&rate, tax, Some(entry));
            }
            let target = target.get("item_id").cloned();
            self.show_product_tax(target.as_ref(), (each, of, tax), 1);
            last = Some((target, (each, of, tax)));
        }
        if let Some((target, amounts)) = last.filter(|_| habit.doubled) {
            self.show_product_tax(target.as_ref(), amounts, 2);
        }
    }

    /// Writes a fixed product tax on an item, wherever that stands.
    fn show_product_tax(&mut self, id: Option<&Value>, (each, of, tax): (Pair, Decimal, Pair), times: usize) {
        let row = each * of;
        let mut entry = json!({ "title": TITLE });
        set(&mut entry, "amount", each);
        set(&mut entry, "row_amount", row);
        set(&mut entry, "amount_incl_tax", (each + tax.part(Decimal::ONE, of)).cents());
        set(&mut entry, "row_amount_incl_tax", row + tax);
        let list = Value::from(vec![entry; times]).to_string();
        on_item(&mut self.0, id, &|item| {
            set(item, "weee_tax_applied_amount", each);
            put(item, "weee_tax_applied_row_amount", number(row.own));
            // The database's own spelling of this one column.
            put(item, "base_weee_tax_applied_row_amnt", number(row.base));
            put(item, "weee_tax_applied", json!(list));
        });
    }

    /// Pays a part of what is due with what the shop owes.
    fn credit(&mut self, name: &str, ore: i64) {
        let (credit, total) = (self.both(ore), pair(&self.0, "grand_total"));
        let Some(extension) = self.extension() else { return };
        if ore == 0 || credit.own >= total.own || !amount(extension, name).is_zero() {
            return;
        }
        set(extension, name, credit);
        self.charge(-credit, Pair::ZERO);
    }

    fn round(&mut self, ore: u32) {
        let total = pair(&self.0, "grand_total");
        let off = total.map(|amount| rounded(amount, ore)) - total;
        if (total + off).own > Decimal::ZERO {
            self.charge(off, Pair::ZERO);
            set(&mut self.0, "rounding_amount", off);
        }
    }
}

/// Changes the item with this id in every place in which it stands.
fn on_item(value: &mut Value, id: Option<&Value>, change: &impl Fn(&mut Value)) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| on_item(one, id, change)),
        Value::Object(members) => {
            let is_item = members.contains_key("product_type") && members.get("item_id") == id;
            members.values_mut().for_each(|member| on_item(member, id, change));
            if is_item {
                change(value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn amount(of: &Value, name: &str) -> Decimal {
    let text = of.get(name).map(Value::to_string).unwrap_or_default();
    text.parse().or_else(|_| Decimal::from_scientific(&text)).unwrap_or_default()
}

fn pair(of: &Value, name: &str) -> Pair {
    Pair::new(amount(of, &format!("base_{name}")), amount(of, name))
}

fn number(amount: Decimal) -> Value {
    serde_json::from_str(&crate::generate::json::number(amount)).unwrap_or_default()
}

fn put(into: &mut Value, name: &str, value: Value) {
    if let Some(members) = into.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn set(into: &mut Value, name: &str, amount: Pair) {
    put(into, &format!("base_{name}"), number(amount.base));
    put(into, name, number(amount.own));
}
