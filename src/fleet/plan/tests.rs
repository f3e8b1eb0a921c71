use proptest::prelude::*;

use super::*;

fn constraint(hosts: &[usize], may_be_down: usize, last: Option<usize>) -> Constraint {
    Constraint {
        kind: None,
        name: format!("{hosts:?}"),
        hosts: hosts.to_vec(),
        may_be_down,
        last,
    }
}

/// What a plan breaks, reckoned from its waves alone.
fn broken(plan: &Plan, constraints: &[Constraint], taken: &[Vec<usize>]) -> Vec<String> {
    let mut out = Vec::new();
    let wave_of = |host: usize| plan.waves.iter().position(|wave| wave.contains(&host));
    for (index, constraint) in constraints.iter().enumerate() {
        for (number, wave) in plan.waves.iter().enumerate() {
            let mut down: BTreeSet<usize> = wave.iter().copied().collect();
            down.extend(
                wave.iter()
                    .flat_map(|host| taken.get(*host).into_iter().flatten()),
            );
            let count = constraint.hosts.iter().filter(|h| down.contains(h)).count();
            if count > constraint.may_be_down {
                out.push(format!("{} in wave {number}", constraint.name));
            }
        }
        let Some(last) = constraint.last.filter(|_| !plan.unordered.contains(&index)) else {
            continue;
        };
        for host in constraint.hosts.iter().filter(|host| **host != last) {
            if let (Some(a), Some(b)) = (wave_of(*host), wave_of(last))
                && a >= b
            {
                out.push(format!("{host} not before {last}"));
            }
        }
    }
    out
}

/// The fewest waves there can be, by trying every assignment.
fn fewest(hosts: usize, constraints: &[Constraint], order: &Plan) -> usize {
    'count: for count in 1..=hosts {
        let mut at = vec![0_usize; hosts];
        loop {
            let waves = (0..count).map(|wave| {
                let here = (0..hosts).filter(|host| at[*host] == wave);
                here.collect()
            });
            let tried = Plan {
                waves: waves.collect(),
                never: Vec::new(),
                unordered: order.unordered.clone(),
            };
            if broken(&tried, constraints, &[]).is_empty() {
                return count;
            }
            let mut digit = 0;
            loop {
                if digit == hosts {
                    continue 'count;
                }
                at[digit] += 1;
                if at[digit] < count {
                    break;
                }
                at[digit] = 0;
                digit += 1;
            }
        }
    }
    hosts
}

#[test]
fn the_standby_goes_first_and_a_pair_is_never_down() {
    let pair = [constraint(&[0, 1], 1, Some(0))];
    let found = plan(&BTreeSet::from([0, 1, 2]), &pair, &[], 10);
    assert_eq!(found.waves, [vec![1, 2], vec![0]]);
    let alone = plan(&BTreeSet::from([0, 1, 2]), &pair, &[], 1);
    assert_eq!(alone.waves.len(), 3);
    assert!(broken(&alone, &pair, &[]).is_empty());
}

#[test]
fn a_host_that_takes_down_too_many_is_in_no_wave() {
    // 0 is the hypervisor of both halves of a pair.
    let pair = [constraint(&[1, 2], 1, None)];
    let taken = [vec![1, 2], Vec::new(), Vec::new()];
    let found = plan(&BTreeSet::from([0, 1, 2]), &pair, &taken, 10);
    assert_eq!(found.never, [(0, 0)]);
    assert_eq!(found.waves, [vec![1], vec![2]]);
    let single = [constraint(&[0], 0, None)];
    assert_eq!(plan(&BTreeSet::from([0]), &single, &[], 10).never, [(0, 0)]);
}

#[test]
fn hosts_that_are_active_for_each_other_have_no_order() {
    let both = [
        constraint(&[0, 1], 1, Some(0)),
        constraint(&[0, 1], 1, Some(1)),
    ];
    let found = plan(&BTreeSet::from([0, 1]), &both, &[], 10);
    assert_eq!(found.unordered, [0, 1]);
    assert_eq!(found.waves, [vec![0], vec![1]]);
}

fn cases() -> impl Strategy<Value = (usize, Vec<Constraint>)> {
    (2_usize..7).prop_flat_map(|hosts| {
        let members = prop::collection::btree_set(0..hosts, 2..=hosts.min(4));
        let one = (members, any::<bool>(), any::<prop::sample::Index>()).prop_map(
            |(members, ordered, pick)| {
                let members: Vec<usize> = members.into_iter().collect();
                let room = (members.len() - 1).div_euclid(2).max(1);
                let last = ordered.then(|| members[pick.index(members.len())]);
                constraint(&members, room, last)
            },
        );
        (Just(hosts), prop::collection::vec(one, 1..6))
    })
}

proptest! {
    #[test]
    fn small_plans_break_nothing_and_have_the_fewest_waves((hosts, constraints) in cases()) {
        let found = plan(&(0..hosts).collect(), &constraints, &[], hosts);
        prop_assert_eq!(found.waves.iter().map(Vec::len).sum::<usize>(), hosts);
        prop_assert_eq!(broken(&found, &constraints, &[]), Vec::<String>::new());
        prop_assert_eq!(found.waves.len(), fewest(hosts, &constraints, &found));
    }
}
