package query

import "context"

// The stages of a query, in their order.
const (
	StageEmbed      = "embed"      // vectors of the seeds that are texts
	StageCalibrate  = "calibrate"  // what scores mean in the corpus, unless it is known
	StageSeeds      = "seeds"      // reading seeds before the search
	StageCandidates = "candidates" // the store's search
	StageFuse       = "fuse"       // scores, families, order
	StageEvidence   = "evidence"   // reading and comparing what is shown
	StageShortfall  = "shortfall"  // why there are fewer matches than were asked for
)

type stagesKey struct{}

// WithStages has begin called at the beginning of each stage of the queries that are asked with the context; what it returns is called at the stage's end.
func WithStages(ctx context.Context, begin func(ctx context.Context, stage string) (context.Context, func())) context.Context {
	return context.WithValue(ctx, stagesKey{}, begin)
}

// stage begins a stage; the caller calls what it returns at the stage's end.
func stage(ctx context.Context, name string) (context.Context, func()) {
	if begin, ok := ctx.Value(stagesKey{}).(func(context.Context, string) (context.Context, func())); ok {
		return begin(ctx, name)
	}
	return ctx, func() {}
}
