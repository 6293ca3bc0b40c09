package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/build"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// An image takes the labels of its base image. What is not known of it must not be
// what is known of that.
func TestAnUnknownOriginIsNotThatOfTheBase(t *testing.T) {
	r := build.Request{Labels: map[string]string{registry.RevisionKey: "c", registry.FilesKey: "made up"}}
	origin{tree: "t"}.record(&r)
	want := build.Request{
		Labels:      map[string]string{registry.RevisionKey: "c", registry.TreeKey: "t", registry.FilesKey: "", registry.InputsKey: "", registry.SourceKey: ""},
		Annotations: map[string]string{registry.RevisionKey: "c", registry.TreeKey: "t"},
	}
	if diff := cmp.Diff(want.Labels, r.Labels); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.Annotations, r.Annotations); diff != "" {
		t.Error(diff)
	}
}
