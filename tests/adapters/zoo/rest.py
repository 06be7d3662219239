"""The networks of snnTorch, Norse and sinabs."""

from tests.adapters.zoo import (
    nir_graphs,
    norse,
    norse_own,
    sinabs,
    sinabs_own,
    snntorch,
    snntorch_fused,
    snntorch_loops,
    snntorch_own,
)

NETWORKS = [
    *snntorch.NETWORKS,
    *snntorch_fused.NETWORKS,
    *snntorch_loops.NETWORKS,
    *snntorch_own.NETWORKS,
    *norse.NETWORKS,
    *norse_own.NETWORKS,
    *sinabs.NETWORKS,
    *sinabs_own.NETWORKS,
    *nir_graphs.NETWORKS,
]
