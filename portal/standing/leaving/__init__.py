"""自动退会候选人: who pays no dues for six months; the branch warns, the union proposes, its chair decides."""
