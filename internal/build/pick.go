package build

import (
	"context"
	"fmt"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Pick gives the builder that name asks for, and in a sentence why it is this
// one. "auto" is native where it can do all that the needed stages of the
// Dockerfile ask for, and buildx otherwise, also where native finds out on its
// way: see fallback. It fails with E_BUILDER for another name, and where the
// builder's Check fails.
func Pick(ctx context.Context, name string, r Request, native, buildx Builder) (Builder, string, error) {
	switch name {
	case native.Name():
		return native, "asked for", native.Check(ctx, r)
	case buildx.Name():
		return buildx, "asked for", buildx.Check(ctx, r)
	case "auto", "":
	default:
		return nil, "", fault.Newf("E_BUILDER", "builders are auto, native and buildx", "there is no builder %q", name)
	}
	err := native.Check(ctx, r)
	if err == nil {
		return &fallback{first: native, then: buildx}, "nothing in the Dockerfile needs Docker", nil
	}
	if !needsDocker(err) {
		return nil, "", err
	}
	first := fault.All(err)[0]
	reason := first.Error()
	if first.Code == "E_BUILD_RUN" {
		reason = fmt.Sprintf("%s:%d has RUN", first.File, first.Line)
	}
	return buildx, reason + "; docker buildx builds it", buildx.Check(ctx, r)
}

// needsDocker says whether err is nothing but what the native builder cannot do.
func needsDocker(err error) bool {
	for _, f := range fault.All(err) {
		if f.Code != "E_BUILD_RUN" && f.Code != "E_BUILD_UNSUPPORTED" {
			return false
		}
	}
	return err != nil
}
