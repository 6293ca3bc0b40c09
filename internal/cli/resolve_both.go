package cli

import (
	"context"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// namedImage reads an input that has to name one image. A repository alone names
// none: what is taken to be latest is not what anybody has written.
func namedImage(input, value string) (ref.Image, error) {
	image, err := ref.ParseImage(value)
	if err == nil && image.Tag == "" && image.Digest == "" {
		err = fault.Newf("E_TAG", "write repository:tag, such as "+value+":v0.0.8", "%s %q has no tag and no digest", input, value)
	}
	return image, err
}

// imageMistake is what is wrong with the input image; that it is missing is told
// already.
func imageMistake(value string) error {
	if value == "" {
		return nil
	}
	_, err := namedImage("image", value)
	return err
}

// resolver asks a registry which digest an image is: Client.Resolve, or Client.Fetch.
type resolver func(context.Context, ref.Image) (ref.Digest, error)

// resolveBoth asks which digest an image is. One with a tag and a digest must mean
// one image: of two, nobody could say which is the one that was looked at, and
// which the one that is used. It fails with E_DIGEST_MISMATCH where they differ.
func resolveBoth(ctx context.Context, resolve resolver, image ref.Image) (ref.Digest, error) {
	if image.Tag == "" {
		return resolve(ctx, image)
	}
	tagged := ref.Image{Repository: image.Repository, Tag: image.Tag}
	digest, err := resolve(ctx, tagged)
	if err == nil && image.Digest != "" && digest != image.Digest {
		return "", fault.Newf("E_DIGEST_MISMATCH", "give the tag alone, or the digest that it points at",
			"%s points at %s, not at %s", tagged, digest, image.Digest)
	}
	return digest, err
}
