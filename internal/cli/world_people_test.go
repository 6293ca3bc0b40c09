package cli_test

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/aws"
)

// role ARN [sub=GLOB] [deny=ACTION…] makes a role that the job's OIDC token may assume.
func worldRole(_ *testscript.TestScript, w *scriptWorld, args []string) {
	role := aws.Role{ARN: args[0], Subjects: []string{"repo:acme/web:*"}}
	for _, arg := range args[1:] {
		switch name, value, _ := strings.Cut(arg, "="); name {
		case "sub":
			role.Subjects = []string{value}
		case "deny":
			role.Denied = append(role.Denied, value)
		}
	}
	w.aws.Add(role)
}

// keys PARTITION [profile=NAME] [deny=ACTION…] makes keys of a user: in the
// environment, or in the files that the aws command has.
func worldKeys(ts *testscript.TestScript, w *scriptWorld, args []string) {
	profile := ""
	var denied []string
	for _, arg := range args[1:] {
		switch name, value, _ := strings.Cut(arg, "="); name {
		case "profile":
			profile = value
		case "deny":
			denied = append(denied, value)
		}
	}
	keys := w.aws.UserIn(args[0], worldAccount, "ada", denied...)
	w.keys = append(w.keys, keys.Secret)
	w.Secret(keys.Secret)
	if profile == "" {
		ts.Setenv("AWS_ACCESS_KEY_ID", keys.ID)
		ts.Setenv("AWS_SECRET_ACCESS_KEY", keys.Secret)
		return
	}
	folder := filepath.Join(ts.Getenv("HOME"), ".aws")
	ts.Check(os.MkdirAll(folder, 0o700))
	text := "[" + profile + "]\naws_access_key_id = " + keys.ID + "\naws_secret_access_key = " + keys.Secret + "\n"
	ts.Check(os.WriteFile(filepath.Join(folder, "credentials"), []byte(text), 0o600))
	ts.Check(os.WriteFile(filepath.Join(folder, "config"), []byte("[profile "+profile+"]\nregion = us-west-2\n"), 0o600))
}

// repository HOST NAME… makes repositories of ECR.
func worldRepository(ts *testscript.TestScript, w *scriptWorld, args []string) {
	_, region, _ := strings.Cut(args[0], ".dkr.ecr.")
	region, _, ok := strings.Cut(region, ".")
	if !ok {
		ts.Fatalf("%q is no host of ECR", args[0])
	}
	for _, name := range args[1:] {
		w.aws.AddRepository(aws.Repository{Account: worldAccount, Region: region, Name: name})
	}
}

// put IMAGE [LABEL=VALUE…] puts an image into its registry as somebody else did. It
// has the file /base.txt.
func worldPut(ts *testscript.TestScript, w *scriptWorld, args []string) {
	at, in := w.image(ts, args[0])
	image, err := imageOf("/base.txt", "base\n")
	ts.Check(err)
	file, err := image.ConfigFile()
	ts.Check(err)
	config := file.Config.DeepCopy()
	config.Labels = map[string]string{}
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		config.Labels[name] = value
	}
	image, err = mutate.Config(image, *config)
	ts.Check(err)
	in.Put(at.Repository.Path(), string(at.Tag), image)
}

// fill REPOSITORY N puts an image under the tags v0.0.1 to v0.0.N.
func worldFill(ts *testscript.TestScript, w *scriptWorld, args []string) {
	at, in := w.image(ts, args[0])
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	image, err := imageOf("/base.txt", "base\n")
	ts.Check(err)
	var tags []string
	for i := range n {
		tags = append(tags, "v0.0."+strconv.Itoa(i+1))
	}
	in.Fill(at.Repository.Path(), image, tags...)
}

// image is one that a script names, and the registry that it is in.
func (w *scriptWorld) image(ts *testscript.TestScript, text string) (ref.Image, *testkit.Registry) {
	image, err := ref.ParseImage(text)
	ts.Check(err)
	in := w.registries[image.Repository.Domain()]
	if in == nil {
		ts.Fatalf("this world has no registry %s", image.Repository.Domain())
	}
	return image, in
}

// imageOf is an image with one file.
func imageOf(path, text string) (v1.Image, error) {
	var files bytes.Buffer
	archive := tar.NewWriter(&files)
	if err := archive.WriteHeader(&tar.Header{Name: path, Mode: 0o644, Size: int64(len(text))}); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(archive, text); err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files.Bytes())), nil
	})
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", "amd64"
	return mutate.ConfigFile(image, file)
}

// own HOST starts a registry of one's own with the login of ada.
func worldOwn(_ *testscript.TestScript, w *scriptWorld, args []string) {
	w.registries[args[0]] = testkit.NewRegistry(w.tb, testkit.RegistryLogin("ada", "s3cr3t with blanks"))
	w.Handle(args[0], w.registries[args[0]])
}
