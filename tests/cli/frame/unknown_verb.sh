pare hlep
