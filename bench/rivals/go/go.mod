module sockwright.invalid/bench

go 1.19
