//! The header amounts of an order.

use rust_decimal::Decimal;

use super::Order;
use crate::totals::Totals;

impl Order {
    /// The header amounts in the order's currency: what the customer sees and pays.
    pub fn totals(&self) -> Totals {
        let extension = &self.extension_attributes;
        Totals {
            grand_total: self.grand_total,
            subtotal: self.subtotal,
            discount_amount: self.discount_amount,
            shipping_amount: self.shipping_amount,
            shipping_discount_amount: self.shipping_discount_amount,
            shipping_tax_amount: self.shipping_tax_amount,
            tax_amount: self.tax_amount,
            discount_tax_compensation_amount: self.discount_tax_compensation_amount,
            shipping_discount_tax_compensation_amount: self.shipping_discount_tax_compensation_amount,
            gift_wrap: extension.gw_price + extension.gw_items_price + extension.gw_card_price,
            gift_wrap_tax: extension.gw_tax_amount + extension.gw_items_tax_amount + extension.gw_card_tax_amount,
            custom_fees: extension.custom_fees.iter().map(|fee| fee.custom_fee_amount).sum(),
            gift_cards: extension.gift_cards_amount,
            store_credit: extension.customer_balance_amount,
            reward_points: extension.reward_currency_amount,
            adjustment: Decimal::ZERO,
        }
    }

    /// The header amounts in the website's base currency: what the shop's own reports add up.
    pub fn base_totals(&self) -> Totals {
        let extension = &self.extension_attributes;
        Totals {
            grand_total: self.base_grand_total,
            subtotal: self.base_subtotal,
            discount_amount: self.base_discount_amount,
            shipping_amount: self.base_shipping_amount,
            shipping_discount_amount: self.base_shipping_discount_amount,
            shipping_tax_amount: self.base_shipping_tax_amount,
            tax_amount: self.base_tax_amount,
            discount_tax_compensation_amount: self.base_discount_tax_compensation_amount,
            shipping_discount_tax_compensation_amount: self.base_shipping_discount_tax_compensation_amount,
            gift_wrap: extension.gw_base_price + extension.gw_items_base_price + extension.gw_card_base_price,
            gift_wrap_tax: extension.gw_base_tax_amount
                + extension.gw_items_base_tax_amount
                + extension.gw_card_base_tax_amount,
            custom_fees: extension.custom_fees.iter().map(|fee| fee.base_custom_fee_amount).sum(),
            gift_cards: extension.base_gift_cards_amount,
            store_credit: extension.base_customer_balance_amount,
            reward_points: extension.base_reward_currency_amount,
            adjustment: Decimal::ZERO,
        }
    }
}
