import { cryptoCases } from '../crypto/cases.ts'

cryptoCases()
