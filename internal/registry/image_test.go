package registry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// origin is what an image says of commit c when it says all.
func origin(c string) map[string]string {
	return map[string]string{
		registry.RevisionKey: c, registry.SourceKey: "https://github.example/" + c,
		registry.TreeKey: "tree " + c, registry.FilesKey: "files " + c, registry.InputsKey: "inputs " + c,
	}
}

func withLabels(t *testing.T, labels map[string]string) v1.Image {
	t.Helper()
	img, err := mutate.Config(randomImage(t, 100, 1), v1.Config{Labels: labels})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestRevisionSaysTheOrigin wants the origin from the annotations, of
// which one request tells, and from the labels where there are none.
func TestRevisionSaysTheOrigin(t *testing.T) {
	labelled := withLabels(t, origin("a"))
	annotated := mutate.Annotations(mutate.MediaType(labelled, types.OCIManifestSchema1), origin("b")).(v1.Image)
	partly := mutate.Annotations(mutate.MediaType(labelled, types.OCIManifestSchema1), map[string]string{registry.RevisionKey: "b"}).(v1.Image)
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: labelled, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	all := func(c string) registry.Revision {
		return registry.Revision{Commit: c, Source: "https://github.example/" + c, Tree: "tree " + c, Files: "files " + c, Inputs: "inputs " + c}
	}
	tests := map[string]struct {
		image remote.Taggable
		want  registry.Revision
		reads int // requests for a blob
	}{
		"labels":               {labelled, all("a"), 1},
		"annotations":          {annotated, all("b"), 0},
		"some annotations":     {partly, all("a"), 1},
		"an index":             {index, registry.Revision{Commit: "a", Source: "https://github.example/a"}, 1},
		"an annotated index":   {mutate.Annotations(index, origin("c")), all("c"), 0},
		"an index of a commit": {mutate.Annotations(index, map[string]string{registry.RevisionKey: "c"}), registry.Revision{Commit: "c"}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			reg.Put("acme/web", "pr-7", test.image)
			got, err := newClient().Revision(t.Context(), image(t, reg.Host+"/acme/web:pr-7"))
			test.want.Digest = digestOf(t, test.image.(interface{ Digest() (v1.Hash, error) }))
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
			if n := reg.Count("GET", "/blobs/"); n != test.reads {
				t.Errorf("%d blobs were read, want %d", n, test.reads)
			}
		})
	}
}

// TestARegistryIsGreetedOnce asks several things, after a greeting that failed.
func TestARegistryIsGreetedOnce(t *testing.T) {
	reg := testkit.NewRegistry(t)
	img := randomImage(t, 100, 1)
	reg.Put("acme/web", "pr-7", img)
	reg.Fail(testkit.RegistryFailure{Path: "/v2/", Times: 1, Status: 403, Code: "DENIED"})
	client, wanted := newClient(), image(t, reg.Host+"/acme/web:pr-7")
	if _, err := client.Resolve(t.Context(), wanted); err == nil {
		t.Fatal("a greeting that was refused is no mistake")
	}
	reg.Forget()
	for range 2 {
		_, err1 := client.Revision(t.Context(), wanted)
		_, err2 := client.Resolve(t.Context(), wanted)
		if err1 != nil || err2 != nil {
			t.Error(err1, err2)
		}
	}
	greetings := 0
	for _, request := range reg.Requests() {
		if request == "GET /v2/" {
			greetings++
		}
	}
	if greetings != 1 {
		t.Errorf("%d greetings, want 1: %v", greetings, reg.Requests())
	}
}
