package render

import (
	"fmt"
	"io"
	"log"
	"os"
	"sync"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// building is held by the build at work: kustomize keeps its schema, and its
// warnings go, where the whole process shares them.
var building sync.Mutex

// build builds a folder. Nothing in its closure may be remote. Plugins and Helm
// are off, so that kustomize starts no program.
func (t *tree) build(folder string, c *closure) (objects resmap.ResMap, err error) {
	building.Lock()
	defer building.Unlock()
	defer quiet()()
	if c.schema {
		// Kustomize would add the schema to the one before, and keep it for the next.
		openapi.ResetOpenAPI()
		defer openapi.ResetOpenAPI()
	}
	defer func() {
		if p := recover(); p != nil {
			objects, err = nil, fmt.Errorf("kustomize gave up: %v", p)
		}
	}()
	return krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(t, above(folder))
}

// quiet keeps kustomize from writing to stderr, where it repeats what it thinks
// of old fields at every build, until the returned function is called. Kustomize
// has no option for that. Nothing else looks stderr up while a build is at work:
// who writes there took it at the start of the program.
func quiet() (loud func()) {
	stderr, logged := os.Stderr, log.Writer()
	log.SetOutput(io.Discard)
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err == nil {
		os.Stderr = null
	}
	return func() {
		os.Stderr = stderr
		log.SetOutput(logged)
		if err == nil {
			null.Close()
		}
	}
}
