"""The networks of snnTorch, Norse and sinabs."""

from tests.adapters.zoo import snntorch, snntorch_fused, snntorch_loops, snntorch_own

NETWORKS = [
    *snntorch.NETWORKS,
    *snntorch_fused.NETWORKS,
    *snntorch_loops.NETWORKS,
    *snntorch_own.NETWORKS,
]
