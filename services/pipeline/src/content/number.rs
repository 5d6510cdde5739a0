//! The one spelling of a number: `100`, `100.0000` and `1E2` are all `1e2`; every zero is `0`.

use std::fmt::Write as _;

/// Appends the spelling of a JSON number literal; one whose exponent is beyond reason stays as written.
pub(super) fn write(literal: &str, out: &mut String) {
    let begun = out.len();
    if spell(literal, out).is_none() {
        out.truncate(begun);
        out.push_str(literal);
    }
}

fn spell(literal: &str, out: &mut String) -> Option<()> {
    let (mantissa, power) = match literal.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok()?),
        None => (literal, 0),
    };
    let unsigned = mantissa.trim_start_matches('-');
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let fraction = fraction.trim_end_matches('0');
    let exponent = power.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let begun = out.len();
    if unsigned.len() < mantissa.len() {
        out.push('-');
    }
    let digits = out.len();
    out.push_str(whole.trim_start_matches('0'));
    // Behind a whole part of zero, the fraction's zeros lead.
    out.push_str(if out.len() == digits { fraction.trim_start_matches('0') } else { fraction });
    let significant = out.get(digits..)?.trim_end_matches('0').len();
    let dropped = out.len() - digits - significant;
    out.truncate(digits + significant);
    if significant == 0 {
        out.truncate(begun);
        out.push('0');
        return Some(());
    }
    let exponent = exponent.checked_add(i32::try_from(dropped).ok()?)?;
    if exponent != 0 {
        let _ = write!(out, "e{exponent}"); // Writing to memory does not fail.
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn a_number_has_one_spelling() {
        for (spellings, one) in [
            (&["100", "100.0000", "1E2", "1e+2", "0.1e3", "10.0E1"][..], "1e2"),
            (&["2.5", "2.50", "25E-1", "0.25e1"], "25e-1"),
            (&["0", "-0", "0.000", "-0.0E7", "0e0"], "0"),
            (&["-0.0105", "-1.05E-2"], "-105e-4"),
            (&["1.7763568394003e-15"], "17763568394003e-28"),
            (&["7", "7.0"], "7"),
            (&["1e99999999999"], "1e99999999999"),
        ] {
            for spelling in spellings {
                let mut out = "x".to_owned();
                write(spelling, &mut out);
                assert_eq!(out, format!("x{one}"), "{spelling}");
            }
        }
    }
}
