package ecr_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/seed-96940006/tagboat/internal/ecr"
)

// AWS_CA_BUNDLE is what those with a proxy of their own set for every SDK of AWS. A
// client that is given has its own authorities, which is no reason to fail.
func TestCABundle(t *testing.T) {
	w := start(t)
	private := httptest.NewTLSServer(w.AWS)
	t.Cleanup(private.Close)
	for _, service := range []string{"STS", "ECR"} {
		t.Setenv("AWS_ENDPOINT_URL_"+service, private.URL)
	}
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	write(t, bundle, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: private.Certificate().Raw})))
	t.Setenv("AWS_CA_BUNDLE", bundle)
	for name, client := range map[string]*http.Client{"the SDK's": nil, "one that is given": private.Client()} {
		t.Run(name, func(t *testing.T) {
			o := w.byRole()
			o.HTTP = client
			w.token(t, ecr.New(o), host)
		})
	}
}
