package login

import "fmt"

// HowToGive says how a login for a registry, or for a repository in one, is given:
// as an input of an action, and at a terminal.
func (k *Keychain) HowToGive(target string) string {
	host, _ := splitName(target)
	switch {
	case host == hub:
		return "give `dockerhub-username` and `dockerhub-token`, outside of a workflow --dockerhub-username and TAGBOAT_DOCKERHUB_TOKEN"
	case host == k.gitHubHost:
		return "give `registry-token`, of a job with `permissions: packages: read` or `write`, or `registry-auth`; outside of a workflow set TAGBOAT_REGISTRY_TOKEN"
	case isECR(host):
		return "give `aws-role`, or credentials of AWS in the environment"
	}
	return fmt.Sprintf("give it as `registry-auth`, outside of a workflow in TAGBOAT_REGISTRY_AUTH: %s USERNAME PASSWORD", host)
}
