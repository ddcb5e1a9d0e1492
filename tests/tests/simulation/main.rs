//! The promises of the sync contract in simulated worlds.

use tests::simulation::{Scale, run};

#[test]
fn a_small_world() {
    for seed in 0..10 {
        println!("{seed} {:?}", run(seed, Scale::Small));
    }
}
