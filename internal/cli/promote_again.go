package cli

import (
	"context"
	"fmt"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/infra"
)

// stillRuns fails where the environments do not say any more, on the head that is
// about to be written on, what they said when the image was found.
func (r *promoting) stillRuns(ctx context.Context) func(on *infra.Snapshot) error {
	if r.demo.repo == nil && r.must.repo == nil {
		return nil
	}
	return func(on *infra.Snapshot) error {
		if r.demo.repo != nil {
			found, err := r.runningOn(ctx, on, r.demo)
			if err != nil {
				return err
			}
			now, err := r.demo.only(found)
			if err == nil && now.image != r.demo.ran {
				err = fault.Newf("E_ENVIRONMENT_IMAGE", "run again: no file was changed", "%s runs %s by now, and %s is being promoted", where(now), now.image, r.demo.ran)
			}
			if err != nil {
				return err
			}
		}
		if r.must.repo == nil {
			return nil
		}
		found, err := r.runningOn(ctx, on, r.must)
		if err != nil {
			return err
		}
		return r.required(ctx, found)
	}
}

// runningOn is running on one head alone; where it is another by now, everything is
// read again.
func (r *promoting) runningOn(ctx context.Context, on *infra.Snapshot, e environment) ([]runs, error) {
	found, head, err := r.running(ctx, e)
	if err == nil && head != on.Head {
		err = fmt.Errorf("%w: %.12s is the head by now", infra.ErrStale, head)
	}
	return found, err
}
