//! An order as `GET /V1/orders/{id}` shows it, just placed.

use rust_decimal::Decimal;

use super::catalogue::Rate;
use super::item::{self, Item};
use super::json::{Object, array, quoted};
use super::quote::{Column, Payment, Quote};
use super::tax::{cents, stored};
use super::{Order, Placement};

/// The ids that belong to one order, and its time.
pub(super) struct Ids<'p> {
    pub(super) order: u64,
    pub(super) created_at: &'p str,
    /// The rates that left tax, each of which has a row of its own.
    rates: Vec<Rate>,
}

impl Ids<'_> {
    /// The id of the item at this place of the document.
    pub(super) fn item(&self, at: usize) -> u64 {
        self.order * 100 + at as u64
    }

    pub(super) fn tax(&self, rate: Rate) -> u64 {
        self.order * 10 + self.rates.iter().position(|known| *known == rate).unwrap_or(0) as u64
    }
}

impl Quote {
    /// The order that this cart becomes.
    #[must_use]
    pub fn order(&self, placement: &Placement) -> Order {
        let ids = Ids { order: placement.entity_id, created_at: &placement.created_at, rates: self.taxed_rates() };
        let items = item::items(self, &ids);
        let mut order = Object::new();
        self.head(&mut order, placement);
        self.totals(&mut order);
        order.raw("items", &array(items.iter().map(|item| &item.text)));
        order.raw("billing_address", &self.customer.order_address("billing", ids.order * 2, ids.order));
        order.raw("payment", &self.payment(ids.order));
        order.raw("status_histories", "[]");
        order.raw("extension_attributes", &self.extension(&ids, &items));
        Order { entity_id: ids.order, increment_id: placement.increment_id.clone(), text: order.end() }
    }

    /// Rates above 0, once each, in the order in which they appear.
    fn taxed_rates(&self) -> Vec<Rate> {
        let mut rates: Vec<Rate> = Vec::new();
        let shipping = self.order.shipping_parts.iter().map(|(rate, _)| *rate).filter(|_| self.shipped);
        for rate in self.rates.iter().copied().chain(shipping) {
            if !rate.percent.is_zero() && !rates.contains(&rate) {
                rates.push(rate);
            }
        }
        rates
    }

    fn head(&self, order: &mut Object, placement: &Placement) {
        let customer = &self.customer;
        let rate = self.store.rate();
        order
            .text("base_currency_code", "NOK")
            .text("global_currency_code", "NOK")
            .text("store_currency_code", "NOK")
            .text("order_currency_code", self.store.currency)
            .integer("base_to_global_rate", 1)
            .decimal("base_to_order_rate", rate)
            .each(&["store_to_base_rate", "store_to_order_rate"], 0)
            .integer("billing_address_id", placement.entity_id * 2)
            .text("created_at", &placement.created_at)
            .text("updated_at", &placement.created_at)
            .text("customer_email", &customer.email)
            .text("customer_firstname", customer.first_name)
            .text("customer_lastname", customer.last_name)
            .integer("customer_group_id", customer.group_id)
            .integer("customer_is_guest", customer.id.is_none().into())
            .integer("customer_note_notify", 1)
            .integer("entity_id", placement.entity_id)
            .text("increment_id", &placement.increment_id)
            .integer("is_virtual", (!self.shipped).into())
            .text("protect_code", &format!("{:032x}", u128::from(placement.entity_id)))
            .integer("quote_id", placement.entity_id + 1)
            .text("state", "new")
            .text("status", "pending")
            .integer("store_id", self.store.id)
            .text("store_name", &format!("Nordic Shop\nNordic Shop Group\n{}", self.store.name));
        if let Some(id) = customer.id {
            order.integer("customer_id", id);
        }
        if let Some(vat) = &customer.vat_number {
            order.text("customer_taxvat", vat);
        }
        if let Some(promotion) = self.promotion {
            order
                .text("applied_rule_ids", &promotion.rule_id.to_string())
                .text("coupon_code", promotion.coupon)
                .text("discount_description", promotion.description);
        }
        if self.shipped {
            order.text("shipping_description", self.shipping_method().1);
        }
    }

    fn totals(&self, order: &mut Object) {
        let (base, own) = (&self.base, &self.order);
        order
            .both("discount_amount", -base.discount, -own.discount)
            .both("discount_tax_compensation_amount", base.compensation, own.compensation)
            .both("grand_total", base.grand_total, own.grand_total)
            .both("subtotal", base.subtotal, own.subtotal)
            .both("subtotal_incl_tax", base.subtotal_incl_tax, own.subtotal_incl_tax)
            .both("tax_amount", base.tax, own.tax)
            .both("total_due", cents(base.grand_total), cents(own.grand_total))
            .integer("total_item_count", self.lines.len() as u64)
            .decimal("total_qty_ordered", self.lines.iter().map(|line| line.quantity).sum())
            .decimal("weight", self.weight());
        self.shipping_amounts(order);
    }

    fn weight(&self) -> Decimal {
        self.lines.iter().filter(|line| !line.kind.is_virtual()).map(|line| line.quantity).sum()
    }

    fn shipping_amounts(&self, object: &mut Object) {
        let (base, own) = (&self.base.shipping, &self.order.shipping);
        object
            .both("shipping_amount", base.row_total, own.row_total)
            .both("shipping_discount_amount", base.discount, own.discount)
            // The database's own spelling of this one column.
            .decimal("base_shipping_discount_tax_compensation_amnt", base.compensation)
            .decimal("shipping_discount_tax_compensation_amount", own.compensation)
            .both("shipping_incl_tax", base.row_total_incl_tax, own.row_total_incl_tax)
            .both("shipping_tax_amount", base.tax, own.tax);
    }

    /// Code and description.
    fn shipping_method(&self) -> (&'static str, &'static str) {
        if self.order.shipping.row_total.is_zero() {
            ("freeshipping_freeshipping", "Free Shipping - Free")
        } else {
            ("flatrate_flatrate", "Flat Rate - Fixed")
        }
    }

    fn payment(&self, order_id: u64) -> String {
        let (method, title, instructions) = self.payment.named();
        let mut titles = vec![quoted(title)];
        titles.extend(instructions.then(|| "null".to_owned()));
        let mut payment = Object::new();
        payment
            .raw("account_status", "null")
            .raw("additional_information", &array(titles))
            .both("amount_ordered", self.base.grand_total, self.order.grand_total)
            .both("shipping_amount", self.base.shipping.row_total, self.order.shipping.row_total)
            .raw("cc_last4", "null")
            .integer("entity_id", order_id)
            .text("method", method)
            .integer("parent_id", order_id);
        if self.payment == Payment::PurchaseOrder {
            payment.text("po_number", &format!("PO-{}", 4000 + self.serial));
        }
        payment.end()
    }

    fn extension(&self, ids: &Ids<'_>, items: &[Item]) -> String {
        let (_, title, instructions) = self.payment.named();
        let mut info = vec![format!("{{\"key\":\"method_title\",\"value\":{}}}", quoted(title))];
        info.extend(instructions.then(|| "{\"key\":\"instructions\",\"value\":\"null\"}".to_owned()));
        let mut extension = Object::new();
        extension
            .raw("shipping_assignments", &array([self.assignment(ids, items)]))
            .raw("payment_additional_info", &array(info))
            .raw("applied_taxes", &array(ids.rates.iter().map(|rate| self.tax_of(*rate).end())))
            .raw("item_applied_taxes", &self.item_taxes(items))
            .raw("converting_from_quote", "false")
            .raw("taxes", &self.tax_rows(ids))
            .raw("additional_itemized_taxes", &self.shipping_itemized(ids));
        self.credits(&mut extension, ids.order);
        extension.end()
    }

    fn assignment(&self, ids: &Ids<'_>, items: &[Item]) -> String {
        let mut total = Object::new();
        self.shipping_amounts(&mut total);
        let mut shipping = Object::new();
        if self.shipped {
            shipping
                .raw("address", &self.customer.order_address("shipping", ids.order * 2 + 1, ids.order))
                .text("method", self.shipping_method().0);
        }
        shipping.raw("total", &total.end());
        let items = array(items.iter().map(|item| &item.text));
        format!("{{\"shipping\":{},\"items\":{items}}}", shipping.end())
    }

    /// Tax that one rate took, over rows and shipping.
    fn tax_of(&self, rate: Rate) -> Object {
        let of = |column: &Column| -> Decimal {
            let rows = column.rows.iter().zip(&self.rates).filter(|(_, own)| **own == rate).map(|(row, _)| row.tax);
            let shipping = column.shipping_parts.iter().filter(|(own, _)| self.shipped && *own == rate);
            stored(rows.chain(shipping.map(|(_, part)| part.tax)).sum())
        };
        applied(rate, of(&self.base), of(&self.order))
    }

    /// Rate, base tax and tax of each part of the shipping that is taxed.
    fn shipping_taxes(&self) -> impl Iterator<Item = (Rate, Decimal, Decimal)> {
        let parts = self.base.shipping_parts.iter().zip(&self.order.shipping_parts);
        let taxed = parts.filter(|((rate, _), _)| self.shipped && !rate.percent.is_zero());
        taxed.map(|((rate, base), (_, own))| (*rate, base.tax, own.tax))
    }

    fn item_taxes(&self, items: &[Item]) -> String {
        let mut taxes = Vec::new();
        for (rate, base, own) in self.shipping_taxes() {
            let tax = applied(rate, base, own).end();
            taxes.push(format!("{{\"type\":\"shipping\",\"applied_taxes\":[{tax}]}}"));
        }
        for (id, at) in items.iter().filter_map(|item| Some((item.id, item.row?))) {
            let (Some(rate), Some(base), Some(own)) =
                (self.rates.get(at), self.base.rows.get(at), self.order.rows.get(at))
            else {
                continue;
            };
            if !rate.percent.is_zero() {
                let tax = applied(*rate, base.tax, own.tax).end();
                taxes.push(format!("{{\"type\":\"product\",\"item_id\":{id},\"applied_taxes\":[{tax}]}}"));
            }
        }
        array(taxes)
    }

    fn tax_rows(&self, ids: &Ids<'_>) -> String {
        array(ids.rates.iter().map(|rate| {
            let mut tax = self.tax_of(*rate);
            tax.integer("tax_id", ids.tax(*rate)).integer("order_id", ids.order);
            tax.each(&["priority", "position", "process"], 0).end()
        }))
    }

    fn shipping_itemized(&self, ids: &Ids<'_>) -> String {
        array((0..).zip(self.shipping_taxes()).map(|(at, (rate, base, own))| {
            let mut tax = Object::new();
            tax.integer("tax_item_id", ids.order * 100 + 99 - at)
                .integer("tax_id", ids.tax(rate))
                .text("tax_code", rate.code)
                .decimal("tax_percent", rate.percent)
                .both("amount", base, own)
                .decimal("real_amount", own)
                .decimal("real_base_amount", base)
                .text("taxable_item_type", "shipping");
            tax.end()
        }))
    }

    /// Adds the fields of Adobe Commerce: credits that were used, and the company that buys.
    fn credits(&self, extension: &mut Object, order_id: u64) {
        let (base, own) = (self.base.credits, self.order.credits);
        if !own.gift_card.is_zero() {
            let mut card = Object::new();
            card.integer("id", order_id).text("code", &format!("GAVEKORT{:08}", self.serial));
            card.both("amount", base.gift_card, own.gift_card);
            extension.both("gift_cards_amount", base.gift_card, own.gift_card);
            extension.raw("gift_cards", &array([card.end()]));
        }
        if !own.store_credit.is_zero() {
            extension.both("customer_balance_amount", base.store_credit, own.store_credit);
        }
        if !own.reward.is_zero() {
            extension.both("reward_currency_amount", base.reward, own.reward);
            extension.decimal("reward_points_balance", (base.reward * Decimal::TEN).trunc());
        }
        if let (Some(company), Some(id)) = (&self.customer.company, self.customer.id) {
            let mut buyer = Object::new();
            buyer.integer("order_id", order_id).integer("company_id", id).text("company_name", company);
            extension.raw("company_order_attributes", &buyer.end());
        }
    }
}

fn applied(rate: Rate, base: Decimal, own: Decimal) -> Object {
    let mut tax = Object::new();
    tax.text("code", rate.code).text("title", rate.code).decimal("percent", rate.percent).both("amount", base, own);
    tax
}

impl Payment {
    /// Code, title, and whether it comes with instructions (which are null).
    fn named(self) -> (&'static str, &'static str, bool) {
        match self {
            Self::CheckMoney => ("checkmo", "Check / Money order", false),
            Self::BankTransfer => ("banktransfer", "Bank Transfer Payment", true),
            Self::PurchaseOrder => ("purchaseorder", "Purchase Order", false),
        }
    }
}
