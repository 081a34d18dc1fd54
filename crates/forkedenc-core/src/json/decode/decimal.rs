//! Decimal to double: the nearest double of `mantissa * 10**exponent`, in two multiplications (Eisel and Lemire,
//! "Number parsing at a gigabyte per second", 2021). What it can't decide it leaves to the careful way.

/// Powers of ten from 10**-342 to 10**308: the highest 128 bits of each, rounded down, the top bit set.
static POWERS: [u128; 651] = powers();

const LOWEST: i64 = -342;
const HIGHEST: i64 = 308;

/// Limbs of the exact numbers that the table is made of: 2**1472 divided down, or one multiplied up.
const LIMBS: usize = 24;

#[allow(long_running_const_eval, reason = "651 powers, once per build")]
const fn powers() -> [u128; 651] {
    let mut table = [0; 651];
    let mut up = [0u64; LIMBS];
    up[0] = 1;
    let mut at = LOWEST.unsigned_abs() as usize;
    while at < 651 {
        table[at] = top(&up);
        let mut carry = 0u128;
        let mut limb = 0;
        while limb < LIMBS {
            let wide = up[limb] as u128 * 10 + carry;
            up[limb] = wide as u64;
            carry = wide >> 64;
            limb += 1;
        }
        at += 1;
    }
    // floor(floor(x / 10) / 10) is floor(x / 100), so dividing again and again stays exact.
    let mut down = [0u64; LIMBS];
    down[LIMBS - 1] = 1 << 63;
    let mut at = LOWEST.unsigned_abs() as usize;
    while at > 0 {
        at -= 1;
        let mut rest = 0u128;
        let mut limb = LIMBS;
        while limb > 0 {
            limb -= 1;
            let wide = rest << 64 | down[limb] as u128;
            down[limb] = (wide / 10) as u64;
            rest = wide % 10;
        }
        table[at] = top(&down);
    }
    table
}

/// The highest 128 bits of a number that is not zero, shifted so that the top one is set.
const fn top(limbs: &[u64; LIMBS]) -> u128 {
    let mut high = LIMBS - 1;
    while limbs[high] == 0 {
        high -= 1;
    }
    let first = limbs[high];
    let second = if high >= 1 { limbs[high - 1] } else { 0 };
    let third = if high >= 2 { limbs[high - 2] } else { 0 };
    let shift = first.leading_zeros();
    let wide = (first as u128) << 64 | second as u128;
    if shift == 0 { wide } else { wide << shift | (third >> (64 - shift)) as u128 }
}

/// The nearest double of `mantissa * 10**exponent`, if this way can tell: no subnormals, no overflow, no exact halves.
#[inline(always)]
#[must_use]
pub fn nearest(mantissa: u64, exponent: i64) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    if !(LOWEST..=HIGHEST).contains(&exponent) {
        return None;
    }
    let power = POWERS[(exponent - LOWEST) as usize];
    let shift = mantissa.leading_zeros();
    let mantissa = mantissa << shift;
    // log2(10) is 217706 / 2**16, near enough for all these exponents.
    let binary = ((217_706 * exponent) >> 16) + 64 + 1023 - i64::from(shift);

    let product = u128::from(mantissa) * (power >> 64);
    let (mut high, mut low) = ((product >> 64) as u64, product as u64);
    // What the lower half of the power would add could carry into the bits that are kept.
    if high & 0x1ff == 0x1ff && low.overflowing_add(mantissa).1 {
        let more = u128::from(mantissa) * u128::from(power as u64);
        let (sum, carried) = low.overflowing_add((more >> 64) as u64);
        high += u64::from(carried);
        low = sum;
        if high & 0x1ff == 0x1ff && low == u64::MAX && (more as u64).overflowing_add(mantissa).1 {
            return None;
        }
    }
    let top = high >> 63;
    let bits54 = high >> (top + 9);
    let binary = binary - (1 ^ top.cast_signed());
    // Exactly between two doubles, as far as these bits tell.
    if low == 0 && high & 0x1ff == 0 && bits54 & 3 == 1 {
        return None;
    }
    let rounded = (bits54 + (bits54 & 1)) >> 1;
    let (rounded, binary) = if rounded >> 53 != 0 { (rounded >> 1, binary + 1) } else { (rounded, binary) };
    if !(1..0x7ff).contains(&binary) {
        return None;
    }
    Some(f64::from_bits(binary.cast_unsigned() << 52 | (rounded & ((1 << 52) - 1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_the_nearest_double() {
        let mut state = 0x2545_f491_4f6c_dd1du64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut told = 0;
        for round in 0..200_000 {
            let mantissa = random() >> (random() % 64);
            let exponent = (random() % 680).cast_signed() - 350;
            let exponent = if round % 2 == 0 { exponent % 30 } else { exponent };
            let expected: f64 = format!("{mantissa}e{exponent}").parse().unwrap();
            if let Some(value) = nearest(mantissa, exponent) {
                told += 1;
                assert_eq!(value.to_bits(), expected.to_bits(), "{mantissa}e{exponent}");
            }
        }
        assert!(told > 150_000, "only {told} of 200,000 told");
    }

    #[test]
    fn halves_and_ends_are_right_or_left_open() {
        for (mantissa, exponent) in [
            (9_007_199_254_740_993, 0),
            (9_007_199_254_740_995, 0),
            (5, -324),
            (17_976_931_348_623_157, 292),
            (1, 308),
            (2, 308),
        ] {
            let expected: f64 = format!("{mantissa}e{exponent}").parse().unwrap();
            if let Some(value) = nearest(mantissa, exponent) {
                assert_eq!(value.to_bits(), expected.to_bits());
            }
        }
    }
}
