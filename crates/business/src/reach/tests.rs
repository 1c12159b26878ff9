use super::*;

#[test]
fn the_words_of_limits() {
    for tier in Tier::ALL {
        assert_eq!(Tier::parse(tier.as_str()), Some(*tier));
        assert_eq!(Tier::of(tier.people_max()), *tier);
    }
    assert_eq!(Tier::parse("10k"), Some(Tier::People10K));
    assert_eq!(Tier::parse("unlimited"), Some(Tier::Unlimited));
    for word in ["", "TIER_", "TIER_50", "1000"] {
        assert_eq!(Tier::parse(word), None, "{word}");
    }
}

#[test]
fn a_limit_is_earned_to_the_last_one() {
    let people = |people| Signs { people, ..Signs::default() };
    let deliveries = |deliveries| Signs { deliveries, ..Signs::default() };
    assert_eq!(Tier::People250.earned(deliveries(1_999)), None);
    assert_eq!(Tier::People250.earned(deliveries(2_000)), Some(Tier::People2K));
    assert_eq!(Tier::People250.earned(people(250)), None, "use alone does not raise the first");
    let official = Signs { is_official: true, ..Signs::default() };
    assert_eq!(Tier::People250.earned(official), Some(Tier::People2K));
    let verified = Signs { is_verified: true, ..Signs::default() };
    assert_eq!(Tier::People250.earned(verified), Some(Tier::People2K));
    assert_eq!(Tier::People250.earned(Signs { has_red_number: true, ..verified }), None, "rated red");
    assert_eq!(Tier::People2K.earned(verified), None, "it counts once");
    for (tier, half, next) in [
        (Tier::People2K, 1_000, Tier::People10K),
        (Tier::People10K, 5_000, Tier::People100K),
        (Tier::People100K, 50_000, Tier::Unlimited),
    ] {
        assert_eq!(tier.earned(people(half - 1)), None);
        assert_eq!(tier.earned(people(half)), Some(next));
        assert_eq!(tier.earned(Signs { has_red_number: true, ..people(half) }), None, "rated red");
        assert_eq!(tier.earned(deliveries(1_000_000)), None);
    }
    assert_eq!(Tier::Unlimited.earned(people(1_000_000)), None);
}
