"""The verifier endpoints of VCALM (the VC API): any verifiable credential or presentation, badge or not. Nothing is signed."""
