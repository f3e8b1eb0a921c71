//! The variables of a shell: shared between the states that branches make of one, so that
//! two branches that meet again are compared by what they changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::state::Variable;

/// Variables by name. A clone costs nothing until one of the two is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Variables {
    map: Arc<BTreeMap<Arc<[u8]>, Arc<Variable>>>,
}

impl Variables {
    pub(super) fn get(&self, name: &[u8]) -> Option<&Variable> {
        self.map.get(name).map(Arc::as_ref)
    }

    pub(super) fn get_mut(&mut self, name: &[u8]) -> Option<&mut Variable> {
        if !self.map.contains_key(name) {
            return None;
        }
        Arc::make_mut(&mut self.map)
            .get_mut(name)
            .map(Arc::make_mut)
    }

    pub(super) fn insert(&mut self, name: impl Into<Arc<[u8]>>, variable: Variable) {
        Arc::make_mut(&mut self.map).insert(name.into(), Arc::new(variable));
    }

    pub(super) fn remove(&mut self, name: &[u8]) {
        if self.map.contains_key(name) {
            Arc::make_mut(&mut self.map).remove(name);
        }
    }

    /// As it was before something was done with another value.
    pub(super) fn put_back(&mut self, name: &[u8], before: Option<Variable>) {
        match before {
            Some(before) => self.insert(name, before),
            None => self.remove(name),
        }
    }

    pub(super) fn contains_key(&self, name: &[u8]) -> bool {
        self.map.contains_key(name)
    }

    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// In the order of bytes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &Variable)> {
        self.map
            .iter()
            .map(|(name, variable)| (name.as_ref(), variable.as_ref()))
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Variable> {
        Arc::make_mut(&mut self.map).values_mut().map(Arc::make_mut)
    }

    /// Those that are exported: what a program that is called gets.
    pub(super) fn exported(&self) -> Self {
        let exported = self.map.iter().filter(|(_, variable)| variable.exported);
        let exported = exported.map(|(name, variable)| (Arc::clone(name), Arc::clone(variable)));
        Self {
            map: Arc::new(exported.collect()),
        }
    }

    /// What holds on both ways: one that only one of them has may be unset.
    pub(super) fn join(&mut self, other: &Self) {
        if Arc::ptr_eq(&self.map, &other.map) {
            return;
        }
        let mut changes = Vec::new();
        for (name, mine) in self.map.iter() {
            match other.map.get(name) {
                Some(theirs) if Arc::ptr_eq(mine, theirs) || mine == theirs => {}
                Some(theirs) => {
                    let joined = Variable::clone(mine).join(Variable::clone(theirs));
                    changes.push((Arc::clone(name), joined));
                }
                None => changes.push((Arc::clone(name), Variable::clone(mine).or_unset())),
            }
        }
        for (name, theirs) in other.map.iter() {
            if !self.map.contains_key(name) {
                changes.push((Arc::clone(name), Variable::clone(theirs).or_unset()));
            }
        }
        for (name, variable) in changes {
            self.insert(name, variable);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::Traced;
    use super::*;

    fn of(list: &[(&str, &str)]) -> Variables {
        let mut all = Variables::default();
        for (name, value) in list {
            all.insert(name.as_bytes(), Variable::scalar(Traced::known(*value)));
        }
        all
    }

    fn text(all: &Variables, name: &str) -> Option<Vec<u8>> {
        all.get(name.as_bytes())?
            .value()
            .value
            .bytes()
            .map(<[u8]>::to_vec)
    }

    #[test]
    fn a_change_of_a_copy_is_not_seen_in_the_other() {
        let first = of(&[("a", "1"), ("b", "2")]);
        let mut second = first.clone();
        second.insert(&b"a"[..], Variable::scalar(Traced::known("3")));
        second.remove(b"b");
        assert_eq!(text(&first, "a"), Some(b"1".to_vec()));
        assert_eq!(first.len(), 2);
        assert_eq!(second.len(), 1);
    }

    #[test]
    fn what_only_one_way_sets_may_be_unset_and_what_both_have_stays() {
        let mut one = of(&[("same", "x"), ("mine", "1"), ("differs", "1")]);
        let two = of(&[("same", "x"), ("theirs", "2"), ("differs", "2")]);
        one.join(&two);
        assert_eq!(text(&one, "same"), Some(b"x".to_vec()));
        for name in ["mine", "theirs", "differs"] {
            assert!(one.contains_key(name.as_bytes()), "{name}");
            assert_eq!(text(&one, name), None, "{name} is known");
        }
    }
}
