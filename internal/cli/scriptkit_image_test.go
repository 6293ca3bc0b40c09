package cli_test

import (
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/rogpeppe/go-internal/testscript"
)

// saved IMAGE FILE… takes an image out of its registry, as other tools leave one:
// a FILE that ends in .tar is an archive as of docker save, any other one a folder
// with an OCI layout, to which the image is added.
func (scriptKit) saved(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: saved image file...")
	}
	tag, err := name.NewTag(args[0])
	ts.Check(err)
	image, err := remote.Image(tag)
	ts.Check(err)
	for _, file := range args[1:] {
		path := ts.MkAbs(file)
		if strings.HasSuffix(file, ".tar") {
			ts.Check(tarball.WriteToFile(path, tag, image))
			continue
		}
		folder, err := layout.FromPath(path)
		if err != nil {
			folder, err = layout.Write(path, empty.Index)
		}
		ts.Check(err)
		ts.Check(folder.AppendImage(image, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag.TagStr()})))
	}
}
